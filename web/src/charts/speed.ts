// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from "../cursor";
import { magnitude, power } from "../format";
import { css, ramp } from "../ramp";
import { decadeInterval, decadeRange, thin } from "../scale";
import { hasState, stateOf, type Measured, type Run } from "../store";
import { Svg } from "../svg";
import type { Look } from "../theme";
import { kLane, kLaneGap } from "./axes";
import type { Frame, Panel } from "./chart";

const kRuleOfThumb = -3;
const kLines = 6;

export function hasSpeed(run: Run): boolean {
  return run.measured.some((m) => m.flow.update_ratio.some((value) => value !== null));
}

/** The update of a layer to its weight over the steps, for a few layers; what is zero or not a number has a lane. */
export function speedPanel(run: Run, cursor: Cursor): Panel {
  const picked = thin(run.profile.length, kLines);
  const text = (m: Measured | undefined, i: number) => {
    const state = m ? stateOf(m, "update_ratio", i) : "absent";
    return state === "zero" ? "no update at all" : state === "nonfinite" ? "NaN or ∞" : magnitude(m?.flow.update_ratio[i]);
  };
  const read = (m: Measured | undefined) => [`step ${m?.step ?? "none"}`, ...picked.map((i) => `layer ${i + 1}: ${text(m, i)}`)];
  return {
    label: "How fast each layer learns",
    along: "step",
    draw: (place, look, width, height) => draw(place, run, picked, look, width, height),
    describe: () => {
      const last = run.measured[run.measured.length - 1];
      const still = last?.zero.update_ratio?.size ?? 0;
      return (
        `Size of an update to that of its weight, at the last measured step ${last?.step}: ${text(last, 0)} in layer 1, ` +
        `${text(last, run.profile.length - 1)} in layer ${run.profile.length}` +
        (still > 0 ? `; ${still} of ${run.profile.length} layers are not updated at all.` : ".")
      );
    },
    read: () => read(cursor.of(run)).join(", "),
    at: (step) => {
      const near = run.measured.reduce<Measured | undefined>((best, m) => (!best || Math.abs(m.step - step) < Math.abs(best.step - step) ? m : best), undefined);
      return near ? read(near) : null;
    },
    table: () => ({
      head: ["step", ...picked.map((i) => `layer ${i + 1}`), "layers without any update"],
      rows: run.measured.map((m) => [String(m.step), ...picked.map((i) => text(m, i)), String(m.zero.update_ratio?.size ?? 0)]),
    }),
  };
}

function draw(place: HTMLElement, run: Run, picked: readonly number[], look: Look, width: number, height: number): Frame {
  const range = decadeRange(run.measured.flatMap((m) => m.flow.update_ratio));
  const zeros = hasState(run, "update_ratio", "zero");
  const broken = hasState(run, "update_ratio", "nonfinite");
  const steps = run.measured.map((m) => m.step);
  const [from, to] = [steps[0] ?? 0, Math.max(steps[steps.length - 1] ?? 1, (steps[0] ?? 0) + 1)];
  const [left, right, top, bottom] = [56, width - 84, 12, height - 42];
  const above = top + (broken ? kLane + kLaneGap : 0);
  const below = bottom - (zeros ? kLane + kLaneGap : 0);
  const x = (step: number) => left + 8 + ((step - from) / (to - from)) * (right - left - 16);
  const y = (log10: number) => above + ((range.max - log10) / (range.max - range.min)) * (below - above);
  const svg = new Svg(width, height, look.font);
  const step = decadeInterval(range, 5);
  for (let at = Math.ceil(range.min / step) * step; at <= range.max + 1e-9; at += step) {
    svg.line(left, y(at), right, y(at), look.line).text(left - 7, y(at) + 4, power(at || 0), look.faint, { "text-anchor": "end" });
  }
  const lane = (middle: number, name: string) => {
    svg.add("rect", { x: left, y: middle - kLane / 2, width: right - left, height: kLane, fill: look.lane });
    svg.text(left - 7, middle + 4, name, look.faint, { "text-anchor": "end" });
  };
  const zeroLane = below + kLaneGap + kLane / 2;
  const brokenLane = above - kLaneGap - kLane / 2;
  if (zeros) lane(zeroLane, "0");
  if (broken) lane(brokenLane, "NaN, ∞");
  if (range.max >= kRuleOfThumb && range.min <= kRuleOfThumb) {
    svg.line(left, y(kRuleOfThumb), right, y(kRuleOfThumb), look.faint, 1, "1 3");
    svg.text(left + 6, y(kRuleOfThumb) - 4, "10⁻³, a usual speed", look.faint, { "font-size": 10.5, stroke: look.surface, "stroke-width": 3, "paint-order": "stroke" });
  }
  // The palest end of the ramp would not show as a line.
  const colours = ramp(look.ramp.slice(0, -1), Math.max(2, picked.length)).map(css);
  const labels: { y: number; text: string; colour: string }[] = [];
  const laneLines: Record<"zero" | "nonfinite", number[]> = { zero: [], nonfinite: [] };
  picked.forEach((i, k) => {
    const colour = colours[k]!;
    const points = run.measured.map((m): [number, number] | null => {
      const value = m.flow.update_ratio[i];
      return value === null || value === undefined ? null : [x(m.step), y(value)];
    });
    svg.path(points, colour, 2.2);
    run.measured.forEach((m) => {
      const state = stateOf(m, "update_ratio", i);
      if (state === "ok" || state === "absent") return;
      if (!laneLines[state].includes(i)) laneLines[state].push(i);
      // Each of the lines has its own height in the lane, so that none hides another.
      const shift = ((k + 0.5) / picked.length - 0.5) * (kLane - 3);
      svg.add("circle", { cx: x(m.step), cy: (state === "zero" ? zeroLane : brokenLane) + shift, r: 1.8, fill: colour });
    });
    const last = [...points].reverse().find((point) => point);
    if (last) labels.push({ y: last[1], text: `layer ${i + 1}`, colour });
  });
  // Direct labels: pushed apart where lines end together.
  labels.sort((a, b) => a.y - b.y);
  labels.forEach((label, k) => {
    const before = labels[k - 1];
    if (before && label.y < before.y + 13) label.y = before.y + 13;
  });
  const over = Math.max(0, (labels[labels.length - 1]?.y ?? 0) - below);
  for (const label of labels) svg.text(right + 6, label.y + 4 - over, label.text, look.ink).add("rect", { x: right - 2, y: label.y - 1 - over, width: 5, height: 3, fill: label.colour });
  const name = (places: number[]) => (places.length === picked.length ? "all shown" : `layer ${places.map((i) => i + 1).join(", ")}`);
  if (laneLines.zero.length > 0) svg.text(right + 6, zeroLane + 4, name(laneLines.zero), look.ink, { "font-size": 10 });
  if (laneLines.nonfinite.length > 0) svg.text(right + 6, brokenLane + 4, name(laneLines.nonfinite), look.ink, { "font-size": 10 });
  stepAxis(svg, x, from, to, left, right, bottom, height, look);
  place.replaceChildren(svg.element);
  return { top, bottom, x, value: (at) => from + ((at - left - 8) / (right - left - 16)) * (to - from) };
}

/** An axis over the steps of the training. */
export function stepAxis(svg: Svg, x: (step: number) => number, from: number, to: number, left: number, right: number, bottom: number, height: number, look: Look): void {
  const room = Math.max(2, (right - left) / 90);
  const tick = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6].find((n) => (to - from) / n <= room) ?? 1e7;
  svg.line(left, bottom, right, bottom, look.axis);
  for (let at = Math.ceil(from / tick) * tick; at <= to; at += tick) {
    svg.line(x(at), bottom, x(at), bottom + 4, look.axis).text(x(at), bottom + 16, String(at), look.faint, { "text-anchor": "middle" });
  }
  svg.text((left + right) / 2, height - 5, "step", look.faint, { "text-anchor": "middle" });
}
