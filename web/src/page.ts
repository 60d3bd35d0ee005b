// SPDX-License-Identifier: Apache-2.0
import { activityPanel, hasActivity } from "./charts/activity";
import { figure, redraw } from "./charts/chart";
import { heatPanel } from "./charts/heatmap";
import { has, metricPanel } from "./charts/loss";
import { hasJoins, joinPanel, joinRange } from "./charts/joins";
import { kCurves, kTheory, profilePanel, profileRange, type CurveKey } from "./charts/profile";
import { hasSpeed, speedPanel } from "./charts/speed";
import { waterfallPanel, waterfallRange } from "./charts/waterfall";
import { h } from "./dom";
import { decadeRange } from "./scale";
import { aboutRun } from "./sections/about";
import { causeBars } from "./sections/causes";
import { findingsOf } from "./sections/findings";
import { insideBlocks } from "./sections/inside";
import { throughTime } from "./sections/time";
import { verdictCard } from "./sections/verdict";
import { StepChoice } from "./steps";
import { themeButton } from "./theme_button";
import type { Report, Run } from "./types";

/** The whole report, top to bottom. */
export function page(report: Report): HTMLElement[] {
  const { runs } = report;
  const choice = new StepChoice(report);
  const measured = runs.some((run) => run.measured.length > 0);
  const trained = runs.some((run) => run.measured.length > 1);
  const sections: (HTMLElement | null)[] = [
    beside("verdicts", "The verdict", runs.map((run, i) => verdictCard(run, i, choice.of(run)))),
    measured ? atOneStep(runs, choice) : h("p", { class: "none" }, "No step of this run was measured."),
    throughTime(runs, choice),
    overTraining(runs, trained),
    named("findings", "What was found, and what to do", runs, findingsOf),
    named("about", "What was run", runs, aboutRun),
  ];
  choice.onChange(() => redraw(true));
  return [masthead(), h("main", {}, ...sections), h("footer", {}, "Made by plumb. Nothing on this page is loaded from anywhere.")];
}

function masthead(): HTMLElement {
  return h(
    "header",
    { class: "masthead" },
    h("h1", {}, h("span", { class: "mark", "aria-hidden": "true" }), "plumb"),
    h("p", {}, "how deep the gradient reaches"),
    themeButton(),
  );
}

function beside(id: string, title: string, cards: HTMLElement[]): HTMLElement {
  const one = cards.length > 1 ? "columns" : "column";
  return h("section", { id, "aria-label": title }, h("div", { class: one }, ...cards));
}

function named(id: string, title: string, runs: Run[], make: (run: Run, i: number) => HTMLElement): HTMLElement {
  const cards = runs.map((run, i) =>
    h("div", { class: "panel" }, runs.length > 1 ? h("h3", { class: "run" }, run.label) : null, make(run, i)),
  );
  return h("section", { id }, h("h2", {}, title), h("div", { class: cards.length > 1 ? "columns" : "column" }, ...cards));
}

function atOneStep(runs: Run[], choice: StepChoice): HTMLElement {
  const curves = runs.some((run) => run.theory) ? [...kCurves, kTheory] : kCurves;
  const shown = new Set<CurveKey>(curves.map((curve) => curve.key));
  let range = profileRange(runs, shown);
  const profile = figure(
    "flow-profile",
    runs.map((run) => profilePanel(run, () => choice.of(run), () => range, shown)),
    "The gradient starts at the loss on the right and travels left to the input. Every grid line is a power of " +
      "ten: where the blue line falls, layers further left receive too little to learn from; a level line is what you " +
      "want. A red mark is a layer whose gradient is exactly zero (below) or not a number (above)." +
      (runs.some((run) => run.beside.length > 0)
        ? " An open circle is a gate, a shortcut or another way of the block at that depth: it hangs beside the chain."
        : "") +
      (runs.some((run) => run.theory)
        ? " The dashed line along it is what theory expects of a random network like this, before training."
        : ""),
    {
      height: 360,
      followsStep: true,
      legend: curveSwitches(curves, shown, () => {
        range = profileRange(runs, shown);
        redraw(true);
      }),
    },
  );
  const fall = waterfallRange(runs);
  const causes = runs.map((run) => ({ run, place: h("div", { class: "panel" }) }));
  const fill = () => causes.forEach(({ run, place }) => place.replaceChildren(causeBars(run, choice.of(run))));
  fill();
  choice.onChange(fill);
  const ledger = figure(
    "ledger",
    runs.map((run) => waterfallPanel(run, () => choice.of(run), fall)),
    "Follow the stairs from right to left, as the gradient travels: each block is what one factor of the chain rule " +
      "took from the gradient (down) or gave it (up). The colour with the longest way down is the cause.",
    { height: 300, followsStep: true },
  );
  ledger.prepend(h("div", { class: "panels" }, ...causes.map((cause) => cause.place)));
  const insides = runs.map((run) => insideBlocks(run, () => choice.of(run)));
  if (insides.some((inside) => inside)) {
    const panels = insides.map((inside) => h("div", { class: "panel" }, inside?.element ?? null));
    ledger.append(h("div", { class: "panels" }, ...panels));
    choice.onChange(() => insides.forEach((inside) => inside?.refresh()));
  }
  const active = runs.filter(hasActivity);
  const activity = active.length > 0
    ? figure(
        "activity",
        active.map((run) => activityPanel(run, () => choice.of(run))),
        "Flat elements sit where their activation has next to no slope, so they pass on hardly any gradient; dead units " +
          "passed none for any sample seen. A relu is flat on its negative side: half of its elements is normal, while a " +
          "sigmoid or tanh with many has saturated.",
        { height: 260, followsStep: true, named: runs.length > 1 },
      )
    : null;
  const residual = runs.filter(hasJoins);
  const ways = joinRange(residual);
  const joins = residual.length > 0
    ? figure(
        "joins",
        residual.map((run) => joinPanel(run, () => choice.of(run), ways)),
        "Each residual block brings two gradients back to its input and adds them. Where the branch is as large as the " +
          "shortcut and points the same way (cosine above 0), the gradient grows from block to block; where it points the " +
          "other way it cancels. A branch far below the shortcut changes little: that block is still near the identity.",
        { height: 400, followsStep: true, named: runs.length > 1 },
      )
    : null;
  return h(
    "section",
    { id: "depth" },
    choice.control(),
    h("h2", {}, "How deep the gradient reaches"),
    profile,
    h("h2", {}, "Where it is lost, and to what"),
    ledger,
    joins ? h("h2", {}, "What comes back through each residual block") : null,
    joins,
    activity ? h("h2", {}, "Which units still pass it on") : null,
    activity,
  );
}

type Curve = (typeof kCurves)[number] | typeof kTheory;

function curveSwitches(curves: readonly Curve[], shown: Set<CurveKey>, changed: () => void): HTMLElement {
  return h(
    "div",
    { class: "switches", role: "group", "aria-label": "Curves shown" },
    ...curves.map((curve) => {
      const box = h("input", { type: "checkbox", checked: true });
      box.addEventListener("change", () => {
        if (box.checked) shown.add(curve.key);
        else shown.delete(curve.key);
        changed();
      });
      return h("label", { class: `switch ${curve.colour}` }, box, h("span", { class: "key" }), curve.name);
    }),
  );
}

function overTraining(runs: Run[], trained: boolean): HTMLElement | null {
  const parts: HTMLElement[] = [];
  if (trained) {
    const flows = decadeRange(runs.flatMap((run) => run.measured.flatMap((m) => m.flow.grad_z)));
    parts.push(
      h("h2", {}, "The same over the whole training"),
      figure(
        "flow-heat",
        runs.map((run) => heatPanel(run, flows)),
        "Each column is a step, each row a layer, the input at the bottom. Bright means much gradient; dark rows that " +
          "stay dark are layers that never got any. Red marks are zero or not a number.",
        { height: 320 },
      ),
    );
  }
  if (trained && runs.some(hasSpeed)) {
    const speeds = decadeRange(runs.flatMap((run) => run.measured.flatMap((m) => m.flow.update_ratio)));
    parts.push(
      h("h2", {}, "How fast each layer learns"),
      figure(
        "speed",
        runs.map((run) => speedPanel(run, speeds)),
        "The size of a step's update relative to the weight it changes. Lines close together: all layers learn. Dark " +
          "lines (near the input) far below the others: those layers stand still.",
        { height: 300 },
      ),
    );
  }
  const metrics = (["loss", "accuracy"] as const).filter((metric) => has(runs, metric));
  if (metrics.length > 0 && runs.some((run) => run.series.step.length > 1)) {
    parts.push(
      h("h2", {}, "What came of it"),
      figure(
        "training",
        metrics.map((metric) => metricPanel(runs, metric)),
        "Loss should fall and accuracy rise; a gap that opens between training and validation is overfitting. A loss " +
          "that stays level while the profile above falls is a network that cannot learn.",
        { height: 300 },
      ),
    );
  }
  return parts.length > 0 ? h("section", { id: "training-section" }, ...parts) : null;
}
