// SPDX-License-Identifier: Apache-2.0
// "Train 200 steps": the loss against that of a guess, and how fast each layer moves.
import { h } from "../dom";
import { magnitude, power } from "../format";
import type { Look } from "../theme";
import type { Setting } from "./engine/setting";
import type { TrainingStep } from "./engine/training";
import type { Job, Progress } from "./worker";
import TrainingWorker from "./worker?worker&inline";
import { path, s, text, ticks } from "../svg";
import { average, kGuess, outcome, smooth } from "./training_words";

export const kSteps = 200;

interface Trained {
  name: string;
  steps: TrainingStep[];
}

export class TrainingPanel {
  readonly element: HTMLElement;
  readonly button: HTMLButtonElement;
  private readonly said = h("p", { class: "said", role: "status" }, "A network of this setting learns what a random linear teacher says: ten classes, 640 samples.");
  private readonly loss = s("svg", { role: "img", "aria-label": "Loss over the steps" });
  private readonly speed = s("svg", { role: "img", "aria-label": "Speed of each layer" });
  private worker: Worker | null = null;
  private number = 0;
  private now: Trained | null = null;
  private before: Trained | null = null;
  private look: Look | null = null;

  constructor(private readonly setting: () => { setting: Setting; name: string }) {
    this.button = h("button", { type: "button", class: "primary", id: "train", onclick: () => this.start() }, `Train ${kSteps} steps`);
    const drawing = (title: string, svg: SVGElement) => {
      const panel = h("div", { class: "panel" }, h("h4", {}, title));
      panel.append(svg);
      return panel;
    };
    this.element = h(
      "div",
      { class: "training" },
      h("div", { class: "row" }, this.button),
      this.said,
      h("div", { class: "two" }, drawing("Loss", this.loss), drawing("How far a layer moves in one step, of its size", this.speed)),
    );
  }

  start(): void {
    this.stop();
    const { setting, name } = this.setting();
    if (this.now && this.now.steps.length === kSteps && this.now.name !== name) this.before = this.now;
    this.now = { name, steps: [] };
    this.button.disabled = true;
    this.worker = new TrainingWorker();
    const job: Job = { number: ++this.number, setting, steps: kSteps };
    this.worker.onmessage = (event: MessageEvent<Progress>) => {
      if (event.data.number !== this.number || !this.now) return;
      this.now.steps.push(...event.data.steps);
      this.said.textContent = event.data.done ? outcome(this.now.steps) : `Step ${this.now.steps.length} of ${kSteps}`;
      if (event.data.done) this.stop();
      if (this.look) this.draw(this.look);
    };
    this.worker.onerror = () => {
      this.said.textContent = "This browser does not let a page train in the background.";
      this.stop();
    };
    this.worker.postMessage(job);
  }

  /** Ends a training that runs; what was trained stays. */
  stop(): void {
    this.worker?.terminate();
    this.worker = null;
    this.button.disabled = false;
  }

  /** The setting is another one now: what was trained is that of before. */
  changed(): void {
    if (this.worker) {
      this.stop();
      this.now = null;
    }
    if (this.now && this.now.name !== this.setting().name) {
      if (this.now.steps.length === kSteps) this.before = this.now;
      this.now = null;
      this.said.textContent = "Not trained yet with this setting.";
    }
  }

  draw(look: Look): void {
    this.look = look;
    this.drawLoss(look);
    this.drawSpeed(look);
  }

  private drawLoss(look: Look): void {
    const [width, height] = [440, 200];
    const [left, right, top, bottom] = [40, width - 10, 10, height - 28];
    const most = Math.min(6, Math.max(kGuess * 1.25, ...[this.now, this.before].flatMap((run) => smooth(run?.steps.map((step) => step.loss) ?? [])).filter(Number.isFinite)));
    const x = (step: number) => left + (step / kSteps) * (right - left);
    const y = (loss: number) => bottom - (Math.min(most, loss) / most) * (bottom - top);
    const axes = s("g", { fill: look.faint, stroke: look.line });
    for (const tick of ticks(0, most, 4)) {
      axes.append(s("line", { x1: left, x2: right, y1: y(tick), y2: y(tick) }), text(left - 6, y(tick) + 4, String(Number(tick.toPrecision(2))), { "text-anchor": "end", stroke: "none" }));
    }
    for (const tick of [0, 50, 100, 150, 200]) axes.append(text(x(tick), bottom + 18, String(tick), { "text-anchor": tick === kSteps ? "end" : "middle", stroke: "none" }));
    const line = (run: Trained | null, attributes: Record<string, string | number>) =>
      s("path", { d: path(smooth(run?.steps.map((step) => step.loss) ?? []).map((loss, i) => [x(i), y(loss)] as const)), fill: "none", ...attributes });
    this.loss.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.loss.setAttribute("font-family", look.font);
    this.loss.replaceChildren(
      axes,
      s("line", { x1: left, x2: right, y1: y(kGuess), y2: y(kGuess), stroke: look.alarm, "stroke-dasharray": "4 4" }),
      text(right, y(kGuess) - 6, "a guess", { fill: look.alarm, "text-anchor": "end" }),
      line(this.before, { stroke: look.faint, "stroke-width": 2, opacity: 0.6 }),
      line(this.now, { stroke: look.flow, "stroke-width": 3 }),
      ...(this.before ? [text(left + 6, bottom - 8, "grey: the training before", { fill: look.faint })] : []),
    );
  }

  private drawSpeed(look: Look): void {
    const [width, height] = [440, 200];
    const [left, right, top, bottom] = [48, width - 10, 10, height - 28];
    const of = (run: Trained | null) => {
      const speeds = (run?.steps ?? []).slice(-20).map((step) => step.speed);
      const layers = speeds[0]?.length ?? 0;
      return Array.from({ length: layers }, (_, i) => average(speeds.map((speed) => speed[i]!)) * Math.log10(2));
    };
    const [now, before] = [of(this.now), of(this.before)];
    const finite = [...now, ...before].filter(Number.isFinite);
    const most = Math.ceil(finite.length > 0 ? Math.max(...finite) : 0);
    const least = Math.min(most - 4, Math.floor(finite.length > 0 ? Math.min(...finite) : -4));
    const layers = Math.max(2, now.length, before.length);
    const x = (layer: number) => left + 6 + ((layer - 1) / (layers - 1)) * (right - left - 12);
    const y = (value: number) => bottom - ((value - least) / (most - least)) * (bottom - top);
    const axes = s("g", { fill: look.faint, stroke: look.line });
    for (const tick of ticks(least, most, 4).filter(Number.isInteger)) {
      axes.append(s("line", { x1: left, x2: right, y1: y(tick), y2: y(tick) }), text(left - 6, y(tick) + 4, power(tick), { "text-anchor": "end", stroke: "none" }));
    }
    if (now.length + before.length > 0) {
      axes.append(text(left, bottom + 18, "layer 1", { stroke: "none" }), text(right, bottom + 18, `layer ${layers}`, { "text-anchor": "end", stroke: "none" }));
    }
    const line = (values: number[], attributes: Record<string, string | number>) =>
      s("path", { d: path(values.map((value, i) => [x(i + 1), y(value)] as const)), fill: "none", ...attributes });
    this.speed.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.speed.setAttribute("font-family", look.font);
    this.speed.setAttribute("aria-label", now.length > 0 ? `Layer 1 moves by ${magnitude(now[0])} of its size in a step, the last layer by ${magnitude(now.at(-1))}` : "Speed of each layer: not trained yet");
    this.speed.replaceChildren(axes, line(before, { stroke: look.faint, "stroke-width": 2, opacity: 0.6 }), line(now, { stroke: look.act, "stroke-width": 3 }));
  }
}
