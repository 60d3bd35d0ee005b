// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from "../cursor";
import { magnitude } from "../format";
import { decadeRange } from "../scale";
import { hasState, runName, stateOf, type Run } from "../store";
import { Svg } from "../svg";
import { runDash, type Look } from "../theme";
import { drawDecades, kLane, layerAxes } from "./axes";
import type { Frame, Panel } from "./chart";

const kLabel = 13; // px between two labels

/** The flow gradients of all runs over depth: over the layers where all have as many, else over the part of the way. */
export function overlayPanel(runs: readonly Run[], cursor: Cursor): Panel {
  const count = Math.max(...runs.map((run) => run.profile.length));
  const same = runs.every((run) => run.profile.length === count);
  // Where along the axis, 1 to count, a layer of a run stands.
  const at = (run: Run, i: number) => (same || run.profile.length < 2 ? i + 1 : 1 + (i / (run.profile.length - 1)) * (count - 1));
  const text = (run: Run, i: number) => {
    const measured = cursor.of(run);
    const state = measured ? stateOf(measured, "grad_z", i) : "absent";
    return state === "zero" ? "exactly zero" : state === "nonfinite" ? "NaN or ∞" : magnitude(measured?.flow.grad_z[i]);
  };
  const nearest = (run: Run, value: number) => Math.max(0, Math.min(run.profile.length - 1, Math.round(same ? value - 1 : ((value - 1) / Math.max(1, count - 1)) * (run.profile.length - 1))));
  const read = (value: number) => [
    same ? `layer ${Math.round(value)}` : `${Math.round(((value - 1) / Math.max(1, count - 1)) * 100)}% of the way from the input`,
    ...runs.map((run) => `${run.letter} ${text(run, nearest(run, value))}${same ? "" : ` (layer ${nearest(run, value) + 1})`}, step ${cursor.of(run)?.step ?? "none"}`),
  ];
  return {
    label: "Flow gradient over depth, all runs",
    ...(same ? { along: "layer" as const } : {}),
    draw: (place, look, width, height) => draw(place, runs, cursor, at, count, same, look, width, height),
    describe: () =>
      runs
        .map((run) => `${runName(run, runs.length)} at step ${cursor.of(run)?.step ?? "none"}: ${text(run, 0)} at layer 1, ${text(run, run.profile.length - 1)} at layer ${run.profile.length}.`)
        .join(" "),
    read: () => read(cursor.layer + 1).join(", "),
    at: (value) => read(value),
    table: () => ({
      head: ["layer", ...runs.map((run) => runName(run, runs.length))],
      rows: Array.from({ length: count }, (_, i) => [String(i + 1), ...runs.map((run) => (run.profile[i] ? text(run, i) : ""))]),
    }),
  };
}

function draw(
  place: HTMLElement, runs: readonly Run[], cursor: Cursor, at: (run: Run, i: number) => number, count: number, same: boolean, look: Look,
  width: number, height: number,
): Frame {
  const range = decadeRange(runs.flatMap((run) => cursor.of(run)?.flow.grad_z ?? []), 4);
  const axes = layerAxes({
    width, height, window: [0, count - 1], range, top: 22, right: 44,
    zeros: runs.some((run) => hasState(run, "grad_z", "zero")), broken: runs.some((run) => hasState(run, "grad_z", "nonfinite")),
  });
  const svg = new Svg(width, height, look.font);
  svg.text(8, 12, "root mean square", look.faint);
  drawDecades(svg, axes, range, look);
  const labels: { y: number; first: number; text: string; colour: string }[] = [];
  for (const run of runs) {
    const measured = cursor.of(run);
    if (!measured) continue;
    const colour = look.runs[run.place % look.runs.length]!;
    const points = run.profile.map((_, i): [number, number] | null => {
      const value = measured.flow.grad_z[i];
      return value === null || value === undefined ? null : [axes.x(at(run, i)), axes.y(value)];
    });
    svg.path(points, look.surface, 4.5).path(points, colour, 2.4, runDash(run.place));
    run.profile.forEach((_, i) => {
      const state = stateOf(measured, "grad_z", i);
      const lane = state === "zero" ? axes.zeroLane : state === "nonfinite" ? axes.brokenLane : null;
      if (lane !== null) svg.add("circle", { cx: axes.x(at(run, i)), cy: lane + ((run.place % 4) - 1.5) * (kLane / 5), r: 1.8, fill: colour });
    });
    const there = points.filter((one) => one !== null);
    if (there.length > 0) labels.push({ y: there.at(-1)![1], first: there[0]![1], text: run.letter, colour });
  }
  // Where lines end together, in the order in which they lie elsewhere.
  labels.sort((a, b) => Math.round(a.y / kLabel) - Math.round(b.y / kLabel) || a.first - b.first);
  labels.forEach((label, k) => {
    const before = labels[k - 1];
    if (before && label.y < before.y + kLabel) label.y = before.y + kLabel;
  });
  const over = Math.max(0, (labels[labels.length - 1]?.y ?? 0) - axes.bottom + 2);
  for (const label of labels) svg.text(axes.right + 10, label.y + 4 - over, label.text, label.colour, { "font-weight": 700, "font-size": 13 });
  const y = axes.bottom;
  svg.line(axes.left, y, axes.right, y, look.axis);
  const ticks = same ? [1, Math.round(count / 2), count] : [1, 1 + (count - 1) / 2, count];
  for (const tick of new Set(ticks)) {
    svg.line(axes.x(tick), y, axes.x(tick), y + 4, look.axis);
    svg.text(axes.x(tick), y + 16, same ? String(tick) : tick === 1 ? "first layer" : tick === count ? "last layer" : "half way", look.faint, {
      "text-anchor": tick === 1 ? "start" : tick === count ? "end" : "middle",
    });
  }
  svg.text((axes.left + axes.right) / 2, height - 4, "input  ←  layer  ←  loss", look.faint, { "text-anchor": "middle" });
  place.replaceChildren(svg.element);
  return axes;
}
