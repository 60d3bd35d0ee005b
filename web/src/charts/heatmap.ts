// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from "../cursor";
import { magnitude, power } from "../format";
import { canvasIn, css, overlay, ramp } from "../ramp";
import { decadeInterval, lastAtMost, thin, type Range } from "../scale";
import { stateOf, type Run, type State, type Value } from "../store";
import { Svg } from "../svg";
import type { Look } from "../theme";
import type { Frame, Panel } from "./chart";

/** Gradients in rows over the measured steps of a training. Each column is as wide as its measurement stands. */
export interface HeatData {
  steps: readonly number[];
  end: number; // the first step that was not made any more
  rows: number;
  rowName: (row: number) => string; // the lowest first
  row: string; // "layer"
  value: (column: number, row: number) => Value;
  state: (column: number, row: number) => State;
}

export function layerHeat(run: Run): HeatData {
  return {
    steps: run.measured.map((m) => m.step),
    end: endOf(run),
    rows: run.profile.length,
    rowName: (row) => String(row + 1),
    row: "layer",
    value: (column, row) => run.measured[column]!.flow.grad_z[row] ?? null,
    state: (column, row) => stateOf(run.measured[column]!, "grad_z", row),
  };
}

/** One past the last step that is known of. */
export function endOf(run: Run): number {
  const last = Math.max(run.series.step.at(-1) ?? 0, run.measured.at(-1)?.step ?? 0);
  return Math.max(last + 1, run.end?.steps ?? 0);
}

function cellText(data: HeatData, column: number, row: number): string {
  const state = data.state(column, row);
  if (state === "absent") return "–";
  return state === "zero" ? "exactly zero" : state === "nonfinite" ? "NaN or ∞" : magnitude(data.value(column, row));
}

export function heatPanel(label: string, now: () => HeatData, range: () => Range, cursor: Cursor): Panel {
  const column = (data: HeatData) => lastAtMost(data.steps, cursor.step ?? 0);
  const row = (data: HeatData) => Math.min(cursor.layer, data.rows - 1);
  const read = (data: HeatData, x: number, y: number) => [`step ${data.steps[x]}, ${data.row} ${data.rowName(y)}`, `flow gradient ${cellText(data, x, y)}`];
  let geometry: Geometry | undefined;
  return {
    label,
    along: "step",
    draw: (place, look, width, height) => {
      geometry = draw(place, now(), range(), look, width, height);
      return geometry;
    },
    describe: () => {
      const data = now();
      return (
        `Flow gradient of ${data.rows} ${data.row}s over ${data.steps.length} measured steps: ${cellText(data, 0, 0)} in ${data.row} ` +
        `${data.rowName(0)} at step ${data.steps[0]}, ${cellText(data, data.steps.length - 1, 0)} at step ${data.steps[data.steps.length - 1]}.`
      );
    },
    read: () => {
      const data = now();
      return read(data, column(data), row(data)).join(": ");
    },
    at: (step, y) => {
      if (!geometry) return null;
      const data = now();
      const at = Math.floor(geometry.row(y));
      return at >= 0 && at < data.rows ? read(data, lastAtMost(data.steps, step), at) : null;
    },
    table: () => {
      const data = now();
      return {
        head: ["step", ...thin(data.rows, 60).map((y) => `${data.row} ${data.rowName(y)}`)],
        rows: data.steps.map((step, x) => [String(step), ...thin(data.rows, 60).map((y) => cellText(data, x, y))]),
      };
    },
  };
}

interface Geometry extends Frame {
  row: (y: number) => number;
}

function draw(place: HTMLElement, data: HeatData, range: Range, look: Look, width: number, height: number): Geometry {
  const { steps, rows } = data;
  const left = 56;
  const right = width - (width < 560 ? 14 : 74);
  const top = 12;
  const bottom = height - 44;
  const first = steps[0] ?? 0;
  const { end } = data;
  const x = (step: number) => left + ((step - first) / (end - first)) * (right - left);
  const y = (row: number) => bottom - (row / rows) * (bottom - top);
  const context = canvasIn(place, width, height);
  const colours = ramp(look.ramp).map(css);
  steps.forEach((step, column) => {
    // Whole pixels: between two cells there is nothing.
    const from = Math.floor(x(step));
    const wide = Math.max(1, Math.floor(x(steps[column + 1] ?? end)) - from);
    for (let row = 0; row < rows; ++row) {
      const state = data.state(column, row);
      if (state === "absent") continue;
      const value = data.value(column, row) ?? 0;
      const part = (value - range.min) / (range.max - range.min);
      context.fillStyle =
        state === "zero" ? look.ink : state === "nonfinite" ? look.alarm : colours[Math.round(Math.max(0, Math.min(1, part)) * 255)]!;
      context.fillRect(from, Math.floor(y(row + 1)), wide, Math.max(1, Math.floor(y(row)) - Math.floor(y(row + 1))));
    }
  });
  const svg = new Svg(width, height, look.font);
  const every = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((n) => rows / n <= 10) ?? 2000;
  for (let row = 0; row < rows; ++row) {
    const isEnd = row === 0 || row === rows - 1;
    if (!isEnd && ((row + 1) % every !== 0 || rows - 1 - row < every / 2)) continue;
    svg.text(left - 8, (y(row) + y(row + 1)) / 2 + 4, data.rowName(row), look.faint, { "text-anchor": "end" });
  }
  const span = end - first;
  const tick = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5].find((n) => span / n <= Math.max(2, (right - left) / 90)) ?? 1e6;
  svg.line(left, bottom, right, bottom, look.axis);
  for (let step = Math.ceil(first / tick) * tick; step <= end; step += tick) {
    svg.line(x(step), bottom, x(step), bottom + 4, look.axis);
    svg.text(x(step), bottom + 16, String(step), look.faint, { "text-anchor": "middle" });
  }
  svg.text((left + right) / 2, height - 6, "step", look.faint, { "text-anchor": "middle" });
  if (width >= 560) legend(svg, range, look, right + 14, top + 6, Math.min(180, bottom - top - 12));
  overlay(place, svg.element);
  return { top, bottom, x: (step) => x(step), value: (at) => first + ((at - left) / (right - left)) * (end - first), row: (at) => ((bottom - at) / (bottom - top)) * rows };
}

function legend(svg: Svg, range: Range, look: Look, x: number, top: number, height: number): void {
  const colours = ramp(look.ramp, 40);
  colours.forEach((colour, i) => {
    svg.add("rect", { x, y: top + height - ((i + 1) / 40) * height, width: 11, height: height / 40 + 0.5, fill: css(colour) });
  });
  const step = decadeInterval(range, 4);
  for (let at = Math.ceil(range.min / step) * step; at <= range.max; at += step) {
    svg.text(x + 16, top + height - ((at - range.min) / (range.max - range.min)) * height + 4, power(at), look.faint, { "font-size": 10.5 });
  }
}
