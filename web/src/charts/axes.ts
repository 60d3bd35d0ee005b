// SPDX-License-Identifier: Apache-2.0
import { power } from "../format";
import { decadeInterval, layerTicks, type Range } from "../scale";
import type { Svg } from "../svg";
import type { Look } from "../theme";
import type { Frame } from "./chart";

export const kLane = 15; // px of a lane for what has no logarithm
export const kLaneGap = 9; // between it and the axis

/** A frame over layers, counted from 1, and powers of ten; lanes beside the axis for zeros (below) and for what is not a
 * number (above). */
export interface LayerAxes extends Frame {
  left: number;
  right: number;
  y: (log10: number) => number;
  zeroLane: number | null; // its middle
  brokenLane: number | null;
}

export interface LayerAxesOptions {
  width: number;
  height: number;
  window: readonly [number, number]; // places
  range: Range;
  zeros?: boolean;
  broken?: boolean;
  left?: number;
  right?: number;
  top?: number;
  bottom?: number;
}

export function layerAxes(options: LayerAxesOptions): LayerAxes {
  const { width, height, window, range, zeros = false, broken = false, left = 56, right = 18, top = 14, bottom = 40 } = options;
  const inner = width - left - right;
  const [first, last] = window;
  // Half a layer of room on both sides, so that the outermost points stand free.
  const low = first + 1 - 0.5;
  const high = last + 1 + 0.5;
  const above = top + (broken ? kLane + kLaneGap : 0);
  const below = height - bottom - (zeros ? kLane + kLaneGap : 0);
  return {
    left,
    right: width - right,
    top,
    bottom: height - bottom,
    x: (layer) => left + ((layer - low) / (high - low)) * inner,
    value: (x) => low + ((x - left) / inner) * (high - low),
    y: (log10) => above + ((range.max - log10) / (range.max - range.min)) * (below - above),
    zeroLane: zeros ? below + kLaneGap + kLane / 2 : null,
    brokenLane: broken ? above - kLaneGap - kLane / 2 : null,
  };
}

/** Grid lines at powers of ten, with their names. */
export function drawDecades(svg: Svg, axes: LayerAxes, range: Range, look: Look, format: (log10: number) => string = power): void {
  const step = decadeInterval(range);
  for (let at = Math.ceil(range.min / step) * step; at <= range.max + 1e-9; at += step) {
    const y = axes.y(at);
    svg.line(axes.left, y, axes.right, y, look.line);
    svg.text(axes.left - 7, y + 4, format(Math.round(at * 100) / 100 || 0), look.faint, { "text-anchor": "end" });
  }
  const lane = (y: number | null, name: string) => {
    if (y === null) return;
    svg.add("rect", { x: axes.left, y: y - kLane / 2, width: axes.right - axes.left, height: kLane, fill: look.lane });
    svg.text(axes.left - 7, y + 4, name, look.faint, { "text-anchor": "end" });
  };
  lane(axes.zeroLane, "0");
  lane(axes.brokenLane, "NaN, ∞");
}

export function drawLayers(svg: Svg, axes: LayerAxes, window: readonly [number, number], height: number, look: Look, name = "input  ←  layer  ←  loss"): void {
  const [first, last] = window;
  const y = axes.bottom;
  svg.line(axes.left, y, axes.right, y, look.axis);
  for (const tick of layerTicks(last - first + 1, axes.right - axes.left, first)) {
    const x = axes.x(tick);
    svg.line(x, y, x, y + 4, look.axis);
    svg.text(x, y + 16, String(tick), look.faint, { "text-anchor": "middle" });
  }
  svg.text((axes.left + axes.right) / 2, height - 4, name, look.faint, { "text-anchor": "middle" });
}

/** Marks in the lanes: a stretch of layers is one bar, so that three hundred zeros are seen as such. */
export function drawLanes(svg: Svg, axes: LayerAxes, state: (place: number) => string, window: readonly [number, number], look: Look): void {
  const stretch = (first: number, last: number, lane: number | null, broken: boolean) => {
    if (lane === null) return;
    const x = axes.x(first + 1) - 4;
    const width = axes.x(last + 1) + 4 - x;
    svg.add("rect", { x, y: lane - 4, width, height: 8, rx: 4, fill: broken ? look.alarm : look.ink });
  };
  let from = window[0];
  while (from <= window[1]) {
    const now = state(from);
    let to = from;
    while (to < window[1] && state(to + 1) === now) ++to;
    if (now === "zero") stretch(from, to, axes.zeroLane, false);
    if (now === "nonfinite") stretch(from, to, axes.brokenLane, true);
    from = to + 1;
  }
}
