// SPDX-License-Identifier: Apache-2.0
// What one layer's units put into the activation, as bars under its curve and its slope.
import type { Look } from "../theme";
import type { Network } from "./engine/network";
import type { State } from "./state";
import { path, s, text, ticks } from "../svg";

const kBins = 48;

export interface Slope {
  mean: number; // of f'
  rms: number;
}

/** Fills `into`; the mean slope of the layer's units. */
export function drawHistogram(into: SVGElement, network: Network, state: State, look: Look, size: { width: number; height: number }): Slope {
  const { width, height } = size;
  const values = network.hidden[state.layer - 1]!.pre;
  const { activation } = network;
  let sum = 0;
  let squares = 0;
  let slopes = 0;
  let slopes2 = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
    const slope = activation.derivative(value);
    slopes += slope;
    slopes2 += slope * slope;
  }
  const deviation = Math.sqrt(squares / values.length);
  const reach = Math.min(1e6, Math.max(4, Number.isFinite(deviation) ? 3.5 * deviation : 4));
  const counts = new Float64Array(kBins);
  for (const value of values) {
    const bin = Math.floor(((value + reach) / (2 * reach)) * kBins);
    if (bin >= 0 && bin < kBins) counts[bin]! += 1;
  }
  const most = Math.max(...counts, 1);
  const [left, right, top, bottom] = [34, width - 10, 10, height - 30];
  const x = (value: number) => left + ((value + reach) / (2 * reach)) * (right - left);
  const at = Array.from({ length: 161 }, (_, i) => -reach + (i / 160) * 2 * reach);
  const curve = at.map((v) => activation.value(v));
  const low = Math.min(0, ...curve.map((v) => Math.max(v, -1.5)));
  const high = Math.max(1, Math.min(Math.max(...curve), 2.5));
  const y = (value: number) => bottom - ((Math.min(high, Math.max(low, value)) - low) / (high - low)) * (bottom - top);
  into.setAttribute("viewBox", `0 0 ${width} ${height}`);
  into.setAttribute("font-family", look.font);
  const bars = s("g", { fill: look.flow, opacity: 0.32 });
  counts.forEach((count, bin) => {
    if (count === 0) return;
    const barHeight = (count / most) * (bottom - top) * 0.92;
    const from = x(-reach + (bin / kBins) * 2 * reach);
    bars.append(s("rect", { x: from.toFixed(1), width: Math.max(1, (right - left) / kBins - 1).toFixed(1), y: (bottom - barHeight).toFixed(1), height: barHeight.toFixed(1) }));
  });
  const axes = s("g", { fill: look.faint, stroke: look.line });
  for (const tick of ticks(-reach, reach, 6)) axes.append(text(x(tick), bottom + 18, String(Number(tick.toPrecision(3))), { "text-anchor": "middle", stroke: "none" }));
  for (const tick of ticks(low, high, 4)) {
    axes.append(s("line", { x1: left, x2: right, y1: y(tick), y2: y(tick) }), text(left - 6, y(tick) + 4, String(Number(tick.toPrecision(2))), { "text-anchor": "end", stroke: "none" }));
  }
  const inside = (value: number) => (value < low || value > high ? NaN : y(value));
  into.replaceChildren(
    axes,
    bars,
    s("path", { d: path(at.map((v, i) => [x(v), inside(curve[i]!)] as const)), fill: "none", stroke: look.ink, "stroke-width": 2 }),
    s("path", { d: path(at.map((v) => [x(v), inside(activation.derivative(v))] as const)), fill: "none", stroke: look.param, "stroke-width": 2.5 }),
  );
  return { mean: slopes / values.length, rms: Math.sqrt(slopes2 / values.length) };
}
