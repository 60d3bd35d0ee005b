// SPDX-License-Identifier: Apache-2.0
// The drawing of a row: a sparkline.
import { path, s } from "../svg";
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
