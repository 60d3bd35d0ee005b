// SPDX-License-Identifier: Apache-2.0
import { activityPanel, hasActivity, showsActivity } from "./charts/activity";
import { figure, redraw } from "./charts/chart";
import { has, metricPanel } from "./charts/curves";
import { heatPanel, layerHeat } from "./charts/heatmap";
import { heroPanel, kCurves, kHeroHeight, type CurveKey } from "./charts/hero";
import { hasJoins, joinPanel, joinRange } from "./charts/joins";
import { spectrogramPanel, kSpectrogramHeight } from "./charts/spectrogram";
import { hasSpeed, speedPanel } from "./charts/speed";
import { stripHeight, stripPanel } from "./charts/strip";
import { controls } from "./controls";
import type { Cursor } from "./cursor";
import { h } from "./dom";
import { magnitude } from "./format";
import { firstSection, type SectionName } from "./order";
import { decadeRange } from "./scale";
import { aboutRun } from "./sections/about";
import { causeBars } from "./sections/causes";
import { commandsOf } from "./sections/commands";
import { findingsOf } from "./sections/findings";
import { blocksOf, insideBlocks } from "./sections/inside";
import { layerView } from "./sections/layer";
import { throughTime } from "./sections/time";
import { verdictCard } from "./sections/verdict";
import { kRoleNames, rolesOf, type RoleName } from "./spectrum";
import type { Run } from "./store";
import { timePlaces } from "./time";

/** A part of the page that words are made for: made again where what it says is another thing now. */
export class Words {
  private said = "";
  constructor(
    readonly element: HTMLElement,
    private readonly say: () => (HTMLElement | null)[],
    private readonly of: () => unknown,
  ) {
    this.refresh();
  }
  refresh(): void {
    const now = JSON.stringify(this.of());
    if (now === this.said) return;
    this.said = now;
    this.element.replaceChildren(...this.say().filter((part): part is HTMLElement => part !== null));
  }
}

export interface RunSections {
  elements: HTMLElement[];
  words: Words[];
}

/** What decides which sections and figures a run has: where it is another, all are made anew. */
export function shapeOf(run: Run): string {
  const few = (count: number) => Math.min(count, 2);
  return JSON.stringify([
    few(run.measured.length), few(run.series.step.length), run.layers.length, run.profile.length, run.beside.length, run.theory !== null, firstSection(run),
    hasJoins(run), hasActivity(run), hasActivity(run) && showsActivity(run), rolesOf(run), hasSpeed(run), has([run], "loss"), has([run], "accuracy"),
    blocksOf(run), timePlaces([run]).map((place) => place.label), run.commands.length > 0,
  ]);
}

/** Everything about one run. What its worst finding is about comes first. */
export function runSections(run: Run, runs: readonly Run[], cursor: Cursor): RunSections {
  const sections: Record<SectionName, () => (HTMLElement | null)[]> = {
    depth: () => [depthSection(run, cursor)],
    time: () => [throughTime(run, cursor)],
    training: () => [trainingSection(run, runs, cursor)],
  };
  const first = firstSection(run);
  const order = [first, ...(["depth", "time", "training"] as const).filter((name) => name !== first)];
  const ends = () => [run.end, run.verdict, run.findings, run.learning];
  const words = [
    new Words(h("section", { id: "verdict", "aria-label": "The verdict" }), () => [verdictCard(run, runs.length)], () => [ends(), run.recorded, run.measured.length]),
    titled("findings", "What was found, and what to do", () => [findingsOf(run)], () => [run.findings, run.verdict]),
    titled("commands", "Remedies as commands", () => [commandsOf(run)], () => run.commands),
    titled("about", "What was run", () => [aboutRun(run)], () => [run.info, run.end, run.recorded]),
  ];
  const [verdict, findings, commands, about] = words.map((one) => one.element) as [HTMLElement, HTMLElement, HTMLElement, HTMLElement];
  const parts: (HTMLElement | null)[] = [
    verdict,
    run.measured.length > 0 ? controls(cursor) : h("p", { class: "none" }, "No step of this run was measured."),
    ...(run.measured.length > 0 ? order.flatMap((name) => sections[name]()) : sections.training()),
    run.measured.length > 0 && run.profile.length > 0 ? layerView(run, cursor) : null,
    findings,
    run.commands.length > 0 ? commands : null,
    about,
  ];
  return { elements: parts.filter((part): part is HTMLElement => part !== null), words };
}

function titled(id: string, title: string, say: () => (HTMLElement | null)[], of: () => unknown): Words {
  return new Words(h("section", { id, "aria-labelledby": `${id}-title` }), () => [h("h2", { id: `${id}-title` }, title), ...say()], of);
}

function depthSection(run: Run, cursor: Cursor): HTMLElement | null {
  const now = () => cursor.of(run);
  if (run.profile.length < 2) {
    const one = run.profile[0];
    const measured = now();
    if (!one || !measured) return null;
    return h(
      "section",
      { id: "depth", "aria-labelledby": "depth-title" },
      h("h2", { id: "depth-title" }, "How deep the gradient reaches"),
      h("p", { class: "sheet" }, `The network has one layer with weights on its way, ${one.text}: there is no depth to show. It gets a gradient of ${magnitude(measured.flow.grad_z[0])} (root mean square, step ${measured.step}).`),
    );
  }
  const range = () => decadeRange(run.measured.flatMap((m) => m.flow.grad_z));
  const shown = new Set<CurveKey>(kCurves.filter((curve) => curve.shown && (curve.key !== "theory" || run.theory)).map((curve) => curve.key));
  const books = h("div", { class: "panel" });
  const inside = insideBlocks(run, now);
  const fill = () => {
    books.replaceChildren(causeBars(run, cursor));
    inside?.refresh();
  };
  fill();
  const stop = cursor.onMove((moved) => (moved === "run" ? stop() : fill()));
  const hero = figure(
    "hero",
    [heroPanel(run, cursor, shown)],
    "The gradient starts at the loss on the right, at the dashed level, and travels left to the input along the dark line. The colour between the " +
      "two is who took it (or added to it), layer by layer; what went the other way is taken off. A line that stays level is what you want. " +
      (run.beside.length > 0 ? "An open circle hangs beside the chain: a gate, a shortcut, another way of a block. " : "") +
      (run.theory ? "The dotted line is what theory expects of a random network like this, before training. " : "") +
      "Dotted levels are where number formats end.",
    { height: kHeroHeight, cursor, follows: ["step", "zoom"], legend: curveSwitches(run, shown) },
  );
  hero.querySelector("figcaption")?.before(books);
  if (inside) hero.append(inside.element);
  const strip = figure(
    "strip",
    [stripPanel(run, cursor, range)],
    "Every layer in the order in which they compute, coloured as the map over the training below: bright is much gradient, black is exactly zero. Arcs " +
      "are shortcuts, a loop is a layer that goes through time. Press one to see it.",
    { height: stripHeight(run), cursor, follows: ["step"] },
  );
  const joins = hasJoins(run)
    ? figure(
        "joins",
        [joinPanel(run, now, () => joinRange([run]))],
        "Each residual block brings two gradients back to its input and adds them. Where the branch is as large as the " +
          "shortcut and points the same way (cosine above 0), the gradient grows from block to block; where it points the " +
          "other way it cancels. A branch far below the shortcut changes little: that block is still near the identity.",
        { height: 400, cursor, follows: ["step"] },
      )
    : null;
  const activity = !hasActivity(run)
    ? null
    : !showsActivity(run)
    ? h("p", { class: "sheet" }, "At no measured step a layer had flat elements or dead units worth a picture: less than half a percent of each.")
    : figure(
        "activity",
        [activityPanel(run, cursor)],
        "Flat elements sit where their activation has next to no slope, so they pass on hardly any gradient; dead units " +
          "passed none for any sample seen. A relu is flat on its negative side: half of its elements is normal, while a " +
          "sigmoid or tanh with many has saturated.",
        { height: 260, cursor, follows: ["step"] },
      );
  return h(
    "section",
    { id: "depth", "aria-labelledby": "depth-title" },
    h("h2", { id: "depth-title" }, "How deep the gradient reaches"),
    hero,
    h("h3", {}, "The network"),
    strip,
    ...spectrogram(run, cursor),
    joins ? h("h3", {}, "What comes back through each residual block") : null,
    joins,
    activity ? h("h3", {}, "Which units still pass it on") : null,
    activity,
  );
}

function spectrogram(run: Run, cursor: Cursor): (HTMLElement | null)[] {
  const roles = rolesOf(run);
  if (roles.length === 0) return [];
  let role = roles[0]!;
  const choice = h("select", { id: "role" }, ...roles.map((one) => h("option", { value: one }, kRoleNames[one])));
  choice.addEventListener("change", () => {
    role = choice.value as RoleName;
    redraw();
  });
  return [
    h("h3", {}, "What number formats could hold of it"),
    figure(
      "spectrogram",
      [spectrogramPanel(run, cursor, () => role)],
      "One column for each layer: brightness is the share of its values of that size. What lies below the line of a format becomes zero in it, what lies " +
        "above its end becomes infinite; the rows below say how much of each layer that is. The bars on the right are the ranges of the formats, in the " +
        "colours of their names, pale where numbers lose digits. " +
        "Kept for a few steps; the last of them until the chosen step is shown.",
      {
        height: kSpectrogramHeight, cursor, follows: ["step", "zoom"],
        legend: roles.length > 1 ? h("p", { class: "choice" }, h("label", { for: "role" }, "Of the "), choice) : null,
      },
    ),
  ];
}

function curveSwitches(run: Run, shown: Set<CurveKey>): HTMLElement {
  const curves = kCurves.filter((curve) => curve.key !== "theory" || run.theory);
  return h(
    "div",
    { class: "switches", role: "group", "aria-label": "Curves shown" },
    ...curves.map((curve) => {
      const box = h("input", { type: "checkbox", checked: shown.has(curve.key) });
      box.addEventListener("change", () => {
        if (box.checked) shown.add(curve.key);
        else shown.delete(curve.key);
        redraw();
      });
      return h("label", { class: `switch ${curve.key}` }, box, h("span", { class: "key" }), curve.name);
    }),
  );
}

function trainingSection(run: Run, runs: readonly Run[], cursor: Cursor): HTMLElement | null {
  const parts: (HTMLElement | null)[] = [];
  const trained = run.measured.length > 1;
  // With several runs their curves stand above, all in one chart.
  const metrics = (["loss", "accuracy"] as const).filter((metric) => has([run], metric) && runs.length === 1 && run.series.step.length > 1);
  if (metrics.length > 0) {
    parts.push(
      figure(
        "training",
        metrics.map((metric) => metricPanel([run], metric, cursor, () => 1)),
        "Loss should fall and accuracy rise; a gap that opens between training and validation is overfitting. A loss " +
          "that stays level while the gradient vanishes is a network that cannot learn.",
        { height: 280, cursor, named: true },
      ),
    );
  } else if (runs.length === 1 && run.series.step.length === 1) {
    parts.push(h("p", { class: "sheet" }, "One step was made: there is no course of a training to show."));
  }
  if (trained && run.profile.length > 1) {
    const flows = () => decadeRange(run.measured.flatMap((m) => m.flow.grad_z));
    parts.push(
      h("h3", {}, "The gradient at every layer over the training"),
      figure(
        "flow-heat",
        [heatPanel("Gradient over depth and step", () => layerHeat(run), flows, cursor)],
        "A column for each measured step, as wide as the steps until the next one; a row for each layer, the input at the bottom. Bright means much " +
          "gradient; dark rows that stay dark are layers that never got any. Black is exactly zero, red is not a number.",
        { height: 320, cursor },
      ),
    );
  }
  if (trained && hasSpeed(run)) {
    parts.push(
      h("h3", {}, "How fast each layer learns"),
      figure(
        "speed",
        [speedPanel(run, cursor)],
        "The size of a step's update relative to the weight it changes. Lines close together: all layers learn. Dark " +
          "lines (near the input) far below the others, or in the lane of zeros: those layers stand still.",
        { height: 300, cursor },
      ),
    );
  }
  if (parts.length === 0) return null;
  return h("section", { id: "training-section", "aria-labelledby": "training-title" }, h("h2", { id: "training-title" }, "Over the training"), ...parts);
}
