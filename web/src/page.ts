// SPDX-License-Identifier: Apache-2.0
import { activityPanel, hasActivity, showsActivity } from "./charts/activity";
import { figure, followCursor, forgetCharts, redraw } from "./charts/chart";
import { has, metricPanel } from "./charts/curves";
import { heatPanel, layerHeat } from "./charts/heatmap";
import { heroPanel, kCurves, kHeroHeight, type CurveKey } from "./charts/hero";
import { hasJoins, joinPanel, joinRange } from "./charts/joins";
import { spectrogramPanel, kSpectrogramHeight } from "./charts/spectrogram";
import { hasSpeed, speedPanel } from "./charts/speed";
import { stripHeight, stripPanel } from "./charts/strip";
import { controls } from "./controls";
import { Cursor } from "./cursor";
import { h } from "./dom";
import { magnitude } from "./format";
import { firstSection, type SectionName } from "./order";
import { decadeRange } from "./scale";
import { aboutRun } from "./sections/about";
import { causeBars } from "./sections/causes";
import { commandsOf } from "./sections/commands";
import { compareRuns } from "./sections/compare";
import { findingsOf } from "./sections/findings";
import { insideBlocks } from "./sections/inside";
import { layerView } from "./sections/layer";
import { throughTime } from "./sections/time";
import { verdictCard } from "./sections/verdict";
import { kRoleNames, rolesOf, type RoleName } from "./spectrum";
import type { Report, Run } from "./store";
import { themeButton } from "./theme_button";

/** The whole report, top to bottom: all runs beside each other where there are several, then one of them. */
export function page(report: Report): HTMLElement[] {
  const { runs } = report;
  const cursor = new Cursor(report);
  cursor.goTo(location.hash);
  keepAddress(cursor);
  followCursor(cursor);
  const one = h("div", { id: "run" });
  const show = () => {
    forgetCharts(one);
    one.replaceChildren(...runSections(cursor.run, runs, cursor));
  };
  show();
  cursor.onMove((moved) => {
    if (moved === "run") show();
  });
  return [
    masthead(),
    h("main", {}, runs.length > 1 ? compareRuns(runs, cursor) : null, one),
    h("footer", {}, "Made by plumb. Nothing on this page is loaded from anywhere."),
  ];
}

const kBetweenAddresses = 170; // ms: browsers refuse more than 200 in 30 s

/** The address follows the cursor, a little behind where that moves fast. */
function keepAddress(cursor: Cursor): void {
  let due: ReturnType<typeof setTimeout> | undefined;
  cursor.onMove(() => {
    due ??= setTimeout(() => {
      due = undefined;
      // A page from a file may be refused it; the address then stays as it is.
      try {
        history.replaceState(null, "", `#${cursor.address}`);
      } catch {
        // see above
      }
    }, kBetweenAddresses);
  });
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

/** Everything about one run. What its worst finding is about comes first. */
function runSections(run: Run, runs: readonly Run[], cursor: Cursor): HTMLElement[] {
  const sections: Record<SectionName, () => (HTMLElement | null)[]> = {
    depth: () => [depthSection(run, cursor)],
    time: () => [throughTime(run, cursor)],
    training: () => [trainingSection(run, runs, cursor)],
  };
  const first = firstSection(run);
  const order = [first, ...(["depth", "time", "training"] as const).filter((name) => name !== first)];
  const commands = commandsOf(run);
  const parts: (HTMLElement | null)[] = [
    h("section", { id: "verdict", "aria-label": "The verdict" }, verdictCard(run, runs.length)),
    run.measured.length > 0 ? controls(cursor) : h("p", { class: "none" }, "No step of this run was measured."),
    ...(run.measured.length > 0 ? order.flatMap((name) => sections[name]()) : sections.training()),
    run.measured.length > 0 && run.profile.length > 0 ? layerView(run, cursor) : null,
    titled("findings", "What was found, and what to do", findingsOf(run)),
    commands ? titled("commands", "Remedies as commands", commands) : null,
    titled("about", "What was run", aboutRun(run)),
  ];
  return parts.filter((part): part is HTMLElement => part !== null);
}

function titled(id: string, title: string, ...content: (HTMLElement | null)[]): HTMLElement {
  return h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), ...content);
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
  const range = decadeRange(run.measured.flatMap((m) => m.flow.grad_z));
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
        [joinPanel(run, now, joinRange([run]))],
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
  const steps = run.spectra.map((one) => one.step);
  return [
    h("h3", {}, "What number formats could hold of it"),
    figure(
      "spectrogram",
      [spectrogramPanel(run, cursor, () => role)],
      "One column for each layer: brightness is the share of its values of that size. What lies below the line of a format becomes zero in it, what lies " +
        "above its end becomes infinite; the rows below say how much of each layer that is. The bars on the right are the ranges of the formats, in the " +
        "colours of their names, pale where numbers lose digits. " +
        `Kept for ${steps.length === 1 ? `step ${steps[0]}` : `${steps.length} steps`}; the last one until the chosen step is shown.`,
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
    const flows = decadeRange(run.measured.flatMap((m) => m.flow.grad_z));
    parts.push(
      h("h3", {}, "The gradient at every layer over the training"),
      figure(
        "flow-heat",
        [heatPanel("Gradient over depth and step", layerHeat(run), flows, cursor)],
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
