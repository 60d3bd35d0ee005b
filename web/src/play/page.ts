// SPDX-License-Identifier: Apache-2.0
// "Can the first layer hear the loss?": the whole playground as one element.
import { h } from "../dom";
import { currentLook, type Look } from "../theme";
import { drawBooks } from "./books";
import { kChapters, type Chapter } from "./chapters";
import { Controls } from "./controls";
import { makeActivation } from "./engine/activation";
import { Teacher } from "./engine/data";
import { MomentTable } from "./engine/moments";
import { Network, type Pass } from "./engine/network";
import { networkText, probeCommand, type Setting, trainCommand } from "./engine/setting";
import { map, predictProfile } from "./engine/theory";
import { drawHistogram } from "./histogram";
import { Map2d } from "./map";
import { save } from "./picture";
import { drawProfile, layerAt } from "./profile";
import { fromHash, kStart, sound, type State, toHash } from "./state";
import { s } from "../svg";
import { kSteps, TrainingPanel } from "./training_panel";
import { hearing } from "./words";

/** The fields that a network is built from; the others change what is shown alone. */
function settingOf(state: State): Setting {
  const { activation, slope, depth, width, init, gain, biasStd, residual, norm, rate, seed } = state;
  return { activation, slope, depth, width, init, gain, biasStd, residual, norm, rate, seed };
}

const kControlNames: Record<Chapter["control"], string> = {
  gain: "the gain", activation: "the activation", map: "the map", depth: "the number of layers", residual: "the shortcut", train: "the training",
};

export class Playground {
  readonly element: HTMLElement;
  private state: State;
  private look: Look | null = null;
  private network: Network | null = null;
  private pass: Pass | null = null;
  private theory: number[] = [];
  private measuredKey = "";
  private mapKey = "";
  private waiting = false;
  private data: { key: string; teacher: Teacher } | null = null;
  private table: { key: string; moments: MomentTable } | null = null;

  private readonly controls = new Controls((change) => this.change(change));
  private readonly map = new Map2d((change) => this.change(change));
  private readonly training = new TrainingPanel(() => ({ setting: settingOf(this.state), name: trainCommand(this.state, kSteps) }));
  private readonly profile = s("svg", { role: "img" });
  private readonly histogram = s("svg", { role: "img" });
  private readonly verdict = h("div", { class: "hearing" });
  private readonly text = h("code", { class: "network" });
  private readonly books = h("div", { class: "causes" });
  private readonly slopes = h("p", { class: "said" });
  private readonly layer = h("input", { type: "range", min: 1, step: 1, "aria-label": "Layer of the histogram" });
  private readonly layerSays = h("output", {});
  private readonly command = h("code", {});
  private readonly story = h("div", { class: "story", "aria-live": "polite" });
  private readonly chapters: HTMLButtonElement[];
  private readonly scales: Record<State["scale"], HTMLButtonElement>;

  /** The experiments that the page holds: chapters lead to those that test them. */
  constructor(private readonly experiments: ReadonlySet<string> = new Set()) {
    this.state = fromHash(location.hash) ?? { ...kStart };
    this.chapters = kChapters.map((chapter, i) =>
      h("button", { type: "button", onclick: () => this.open(i + 1) }, h("span", { class: "at" }, String(i + 1)), chapter.short),
    );
    const scale = (name: State["scale"], label: string) => h("button", { type: "button", onclick: () => this.change({ scale: name }) }, label);
    this.scales = { log: scale("log", "logarithmic"), linear: scale("linear", "linear") };
    this.layer.addEventListener("input", () => this.change({ layer: this.layer.valueAsNumber }));
    this.profile.addEventListener("click", (event) => {
      const box = this.profile.getBoundingClientRect();
      const at = layerAt(event.clientX - box.left, box.width, this.state.depth + 1);
      this.change({ layer: Math.min(at, this.state.depth) });
    });
    this.element = this.build();
    addEventListener("hashchange", () => {
      const state = fromHash(location.hash);
      if (state) this.change(state);
    });
    new ResizeObserver(() => this.schedule()).observe(this.element);
  }

  /** In other colours. */
  recolour(): void {
    this.look = null;
    this.mapKey = "";
    this.schedule();
  }

  private build(): HTMLElement {
    const panel = (name: string, title: string, ...children: Node[]) => h("section", { class: `card ${name}`, "aria-label": title }, h("h3", {}, title), ...children);
    const copied = h("span", { class: "copied", role: "status" });
    const copy = h("button", { type: "button", onclick: () => void this.copy(copied) }, "Copy as plumb command");
    const picture = h("button", { type: "button", onclick: () => void this.savePicture() }, "Save as PNG");
    const link = h("button", { type: "button", onclick: () => void this.copyText(location.href, "The address holds all settings: copied", copied) }, "Copy link");
    return h(
      "section",
      { class: "play", id: "play", "aria-labelledby": "play-title" },
      h("h2", { id: "play-title" }, "Can the first layer hear the loss?"),
      h("p", { class: "intro" }, "A network learns from the loss backwards: each layer hears of it through all layers above. Drag the dot, or choose; a real network is built and measured here at every move."),
      h("nav", { class: "chapters", "aria-label": "Chapters" }, ...this.chapters),
      this.story,
      this.verdict,
      h(
        "div",
        { class: "desk" },
        panel("gains", "Where gradients live", this.map.element, h("p", { class: "small" }, "Blue: it vanishes. Red: it explodes. Between the dotted lines layer 1 hears within a factor of 100 of the last layer.")),
        panel(
          "flow",
          "The gradient at each layer",
          h(
            "div",
            { class: "row" },
            h("span", { class: "switch flow" }, h("span", { class: "key" }), "measured"),
            h("span", { class: "switch theory" }, h("span", { class: "key" }), "theory"),
            h("span", { class: "switch param weights-key" }, h("span", { class: "key" }), "of the weights"),
            h("span", { class: "scales", role: "group", "aria-label": "Axis" }, this.scales.log, this.scales.linear),
          ),
          h("div", { class: "drawing" }, this.profile),
        ),
        panel("set", "The network", this.text, this.controls.element),
        panel("took", "What took it", this.books),
        panel(
          "units",
          "Where a layer's units stand on its activation",
          h("label", { class: "row pick" }, this.layerSays, this.layer),
          h("div", { class: "drawing" }, this.histogram),
          this.slopes,
        ),
        panel("learn", "Does it learn?", this.training.element),
      ),
      h("div", { class: "hand" }, h("div", { class: "row" }, copy, link, picture, copied), this.command),
    );
  }

  private open(chapter: number): void {
    const preset = kChapters[chapter - 1]!.preset;
    this.change({ ...preset, chapter, layer: Math.min(this.state.layer, preset.depth), scale: "log", format: "fp32" });
  }

  private change(change: Partial<State>): void {
    this.state = sound({ ...this.state, ...change });
    this.schedule();
  }

  /** Once a frame, however fast the dot is dragged. */
  private schedule(): void {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.update();
    });
  }

  private measure(): void {
    const setting = settingOf(this.state);
    const key = JSON.stringify({ ...setting, rate: 0 });
    if (key === this.measuredKey) return;
    this.measuredKey = key;
    const dataKey = `${setting.width} ${setting.seed}`;
    if (this.data?.key !== dataKey) this.data = { key: dataKey, teacher: new Teacher(setting.width, setting.seed) };
    this.network = new Network(setting);
    this.pass = this.network.pass(this.data.teacher.batch(0), true);
    this.theory = predictProfile(setting, this.pass.readings.at(-1)!.gradZ, this.pass.readings[0]!.z);
  }

  private drawMap(look: Look): void {
    const { activation, slope, width, init, biasStd, residual, norm } = this.state;
    const key = JSON.stringify([activation, slope, width, init, biasStd, residual, norm]);
    if (key === this.mapKey) return;
    this.mapKey = key;
    const tableKey = `${activation} ${slope}`;
    if (this.table?.key !== tableKey) this.table = { key: tableKey, moments: new MomentTable(makeActivation(activation, slope)) };
    const { moments } = this.table;
    this.map.setValues(map(settingOf(this.state), (q) => moments.at(q)), look);
  }

  private update(): void {
    if (!this.element.isConnected || this.element.clientWidth === 0) return;
    this.look ??= currentLook();
    const look = this.look;
    this.measure();
    const [network, pass, state] = [this.network!, this.pass!, this.state];
    this.showState(state, pass);
    this.drawMap(look);
    this.map.draw(state, look);
    drawProfile(this.profile, { pass, theory: this.theory }, state, look, sizeOf(this.profile, 300));
    drawBooks(this.books, pass, look);
    const slope = drawHistogram(this.histogram, network, state, look, sizeOf(this.histogram, 230));
    this.slopes.textContent = `Bars: the ${network.activation.name}'s inputs of all ${state.width} units. Thin line: the activation; orange: its slope, on average ${slope.mean.toPrecision(2)} here. What comes back from above is multiplied by it.`;
    this.training.changed();
    this.training.draw(look);
  }

  private showState(state: State, pass: Pass): void {
    const heard = hearing(pass, state);
    this.verdict.className = `hearing ${heard.tone}`;
    this.verdict.replaceChildren(h("p", { class: "big" }, heard.sentence), h("p", {}, heard.detail));
    this.text.textContent = networkText(state);
    this.command.textContent = probeCommand(state);
    this.controls.show(state);
    this.profile.setAttribute("aria-label", `Gradient at layers 1 to ${state.depth + 1}. ${heard.sentence}`);
    this.histogram.setAttribute("aria-label", `Histogram of what layer ${state.layer} puts into ${state.activation}`);
    this.layer.max = String(state.depth);
    this.layer.value = String(state.layer);
    this.layer.setAttribute("aria-valuetext", `layer ${state.layer}`);
    this.layerSays.textContent = `Layer ${state.layer} of ${state.depth + 1}`;
    for (const [name, button] of Object.entries(this.scales)) button.setAttribute("aria-pressed", String(name === state.scale));
    this.element.classList.toggle("is-linear", state.scale === "linear");
    this.tell(state);
    const hash = toHash(state);
    if (hash !== location.hash && (hash !== "" || location.hash.includes("="))) history.replaceState(null, "", hash || location.pathname + location.search);
  }

  private tell(state: State): void {
    const chapter = kChapters[state.chapter - 1];
    this.chapters.forEach((button, i) => button.setAttribute("aria-pressed", String(i + 1 === state.chapter)));
    this.controls.point(chapter?.control ?? null);
    this.element.classList.toggle("spot-map", chapter?.control === "map");
    this.element.classList.toggle("spot-train", chapter?.control === "train");
    if (this.story.dataset.chapter === String(state.chapter)) return;
    this.story.dataset.chapter = String(state.chapter);
    this.story.replaceChildren(
      ...(chapter
        ? [h("h3", {}, chapter.question), ...chapter.sentences.map((sentence) => h("p", {}, sentence)), h("p", { class: "go" }, this.way(chapter)), this.tested(chapter)]
        : []),
    );
    this.story.hidden = !chapter;
  }

  /** To what the chapter asks to be touched, which may stand further down. */
  private way({ control }: Chapter): HTMLElement {
    const places: Record<string, () => HTMLElement> = { map: () => this.map.surface, train: () => this.training.button };
    const to = () => {
      const place = places[control]?.() ?? this.controls.field(control);
      place.scrollIntoView({ block: "center" });
      place.focus({ preventScroll: true });
    };
    return h("button", { type: "button", onclick: to }, `Go to ${kControlNames[control]} ↓`);
  }

  private tested({ experiments }: Chapter): HTMLElement {
    const names = experiments.flatMap((name, i) => {
      const one = this.experiments.has(name) ? h("a", { href: `#${name}` }, name) : h("code", {}, `plumb lab ${name}`);
      return i > 0 ? [", ", one] : [one];
    });
    return h("p", { class: "tested" }, "Put to the test in ", ...names, ".");
  }

  private async copyText(words: string, done: string, status: HTMLElement): Promise<void> {
    try {
      await navigator.clipboard.writeText(words);
      status.textContent = done;
    } catch {
      status.textContent = "This browser does not let the page copy: select the text.";
    }
  }

  private copy(status: HTMLElement): Promise<void> {
    return this.copyText(probeCommand(this.state), "Copied: it measures this very network", status);
  }

  private async savePicture(): Promise<void> {
    const heard = hearing(this.pass!, this.state);
    const overlay = this.map.element.querySelector("svg") as SVGElement;
    await save(
      { title: heard.sentence, lines: [networkText(this.state), probeCommand(this.state)], map: this.map.canvas, mapOverlay: overlay, profile: this.profile },
      this.look ?? currentLook(),
    );
  }
}

function sizeOf(svg: SVGElement, height: number): { width: number; height: number } {
  return { width: Math.max(260, svg.parentElement!.clientWidth), height };
}
