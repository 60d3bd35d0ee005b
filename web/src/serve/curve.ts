// SPDX-License-Identifier: Apache-2.0
// The drawings of the dashboard: a sparkline, and lines over an axis.
import { magnitude, power } from "../format";
import { path, s, text, ticks } from "../svg";
import type { Look } from "../theme";
import type { Number as Value } from "./types";

const finite = (values: Value[]): number[] => values.filter((value): value is number => value !== null && Number.isFinite(value));

/** A line without axes; its last point is marked. */
export function sparkline(values: Value[], colour: string, label: string): SVGElement {
  const [width, height] = [110, 26];
  const known = finite(values);
  const least = Math.min(...known, 0);
  const most = Math.max(...known, least + 1);
  const at = (i: number) => 3 + (values.length < 2 ? width - 6 : (i / (values.length - 1)) * (width - 6));
  const y = (value: Value) => (value === null ? NaN : height - 4 - ((value - least) / (most - least)) * (height - 8));
  const points = values.map((value, i) => [at(i), y(value)] as const);
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label });
  svg.append(s("path", { d: path(points), fill: "none", stroke: colour, "stroke-width": 1.8 }));
  const last = points.at(-1);
  if (last && Number.isFinite(last[1])) svg.append(s("circle", { cx: last[0], cy: last[1], r: 2.6, fill: colour }));
  return svg;
}

export interface Line {
  points: [number, Value][];
  colour: string;
  width: number;
  dash?: string;
}

export interface Axes {
  kind: "plain" | "log10"; // of the values
  from: string; // what stands at the left end
  to: string;
  mark?: { value: number; words: string };
}

/** Lines over one axis, filling `svg`; `label` says in words what they show. */
export function drawLines(svg: SVGElement, lines: Line[], axes: Axes, look: Look, label: string): void {
  const [width, height] = [400, 210];
  const [left, right, top, bottom] = [56, width - 12, 12, height - 26];
  const xs = lines.flatMap((line) => line.points.map(([x]) => x));
  const ys = finite(lines.flatMap((line) => line.points.map(([, y]) => y)));
  if (axes.mark && ys.length > 0) ys.push(axes.mark.value);
  const [first, last] = [Math.min(...xs), Math.max(...xs)];
  let least = ys.length > 0 ? Math.min(...ys) : 0;
  let most = ys.length > 0 ? Math.max(...ys) : 1;
  if (axes.kind === "plain") least = Math.min(0, least);
  else if (most - least < 2) [least, most] = [Math.floor(most - 2), Math.ceil(most)];
  if (!(most > least)) most = least + 1;
  const x = (value: number) => (last > first ? left + ((value - first) / (last - first)) * (right - left) : (left + right) / 2);
  const y = (value: Value) => (value === null ? NaN : bottom - ((value - least) / (most - least)) * (bottom - top));
  const grid = s("g", { fill: look.faint, stroke: look.line });
  for (const tick of ticks(least, most, 4)) {
    if (axes.kind === "log10" && !Number.isInteger(tick)) continue;
    const words = axes.kind === "log10" ? power(tick) : tick === 0 ? "0" : magnitude(Math.log10(Math.abs(tick)));
    grid.append(s("line", { x1: left, x2: right, y1: y(tick), y2: y(tick) }), text(left - 7, y(tick) + 4, words, { "text-anchor": "end", stroke: "none" }));
  }
  grid.append(text(left, height - 6, axes.from, { stroke: "none" }), text(right, height - 6, axes.to, { "text-anchor": "end", stroke: "none" }));
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("font-family", look.font);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  svg.replaceChildren(grid);
  if (axes.mark && ys.length > 1) {
    const at = y(axes.mark.value);
    svg.append(s("line", { x1: left, x2: right, y1: at, y2: at, stroke: look.alarm, "stroke-dasharray": "4 4" }), text(right, at - 5, axes.mark.words, { "text-anchor": "end", fill: look.alarm }));
  }
  for (const line of lines) {
    const points = line.points.map(([px, py]) => [x(px), y(py)] as const);
    const attributes: Record<string, string> = line.dash ? { "stroke-dasharray": line.dash } : {};
    svg.append(s("path", { d: path(points), fill: "none", stroke: line.colour, "stroke-width": line.width, "stroke-linejoin": "round", ...attributes }));
    const end = points.at(-1);
    if (end && Number.isFinite(end[1])) svg.append(s("circle", { cx: end[0], cy: end[1], r: line.width + 0.5, fill: line.colour }));
  }
}
