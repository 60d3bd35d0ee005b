// SPDX-License-Identifier: Apache-2.0
import { slopeOf } from "../activation";
import type { Cursor } from "../cursor";
import { percent, plain, power2 } from "../format";
import { shareAt, spectrumAt } from "../spectrum";
import type { Run, SpectrumRole } from "../store";
import { Svg } from "../svg";
import type { Look } from "../theme";
import type { Panel } from "./chart";

export const kInsideHeight = 240;

/** How large z and a of one layer are, over what the activation does to the gradient there. */
export function insideLayerPanel(run: Run, cursor: Cursor, role: "z" | "a"): Panel {
  const now = () => spectrumAt(run, cursor.of(run)?.step ?? 0);
  const at = () => now()?.roles[role];
  const name = () => {
    const id = run.profile[cursor.layer]?.activation ?? null;
    return id === null ? "" : (run.layers[id]?.function ?? "");
  };
  const title = role === "z" ? "z, before the activation" : "a, behind it";
  return {
    label: title,
    draw: (place, look, width, height) => {
      const role_ = at();
      if (role_ && role_.low[cursor.layer] !== null) place.replaceChildren(draw(role_, cursor.layer, role === "z" ? name() : "", look, width, height));
      else place.textContent = `${title} was not recorded for this layer.`;
      return null;
    },
    describe: () => {
      const of = at();
      if (!of || of.low[cursor.layer] === null) return "It was not recorded for this layer.";
      const flat = flatShare(of, cursor.layer, name());
      const [low, high] = span(of, cursor.layer);
      return (
        `Layer ${cursor.layer + 1} at step ${now()!.step}: magnitudes between ${power2(low)} and ${power2(high)}` +
        (role === "z" && flat !== null ? `; ${percent(flat)} of them where the slope of the ${name()} is below 5% of its largest` : "") + "."
      );
    },
    table: () => {
      const of = at();
      const [low, high] = of ? span(of, cursor.layer) : [0, 0];
      return {
        head: ["magnitude from", "to", "share of the values"],
        rows: Array.from({ length: Math.max(0, high - low) }, (_, k) => [power2(low + k), power2(low + k + 1), percent(shareAt(of!, cursor.layer, low + k))]),
      };
    },
  };
}

function span(at: SpectrumRole, layer: number): [number, number] {
  const low = at.low[layer] ?? 0;
  return [low, low + (at.bins[layer]?.length ?? 0)];
}

/** Values of a magnitude are taken as of either sign alike: the histogram does not tell signs. */
function slopeAt(slope: (x: number) => number, exponent: number): number {
  const x = 2 ** (exponent + 0.5);
  return (Math.abs(slope(x)) + Math.abs(slope(-x))) / 2;
}

export function flatShare(at: SpectrumRole, layer: number, name: string): number | null {
  const slope = slopeOf(name);
  // One whose slope depends on the sign alone says nothing by magnitude.
  if (!slope || !/^(sigmoid|tanh|softsign)/.test(name)) return null;
  const [low, high] = span(at, layer);
  const most = Math.abs(slope(0));
  let flat = 0;
  for (let e = low; e < high; ++e) if (slopeAt(slope, e) < 0.05 * most) flat += shareAt(at, layer, e);
  return flat;
}

function draw(at: SpectrumRole, layer: number, name: string, look: Look, width: number, height: number): SVGElement {
  const svg = new Svg(width, height, look.font);
  const [low, high] = span(at, layer);
  const slope = name ? slopeOf(name) : undefined;
  const from = Math.max(low - 1, -24);
  const to = Math.max(high + 1, slope ? 4 : high + 1);
  const [left, right, top, bottom] = [46, width - (slope ? 44 : 14), 16, height - 40];
  const x = (exponent: number) => left + ((exponent - from) / (to - from)) * (right - left);
  let most = 0.05;
  for (let e = low; e < high; ++e) most = Math.max(most, shareAt(at, layer, e));
  const y = (part: number) => bottom - (part / most) * (bottom - top);
  for (const part of [0, most / 2, most]) {
    svg.line(left, y(part), right, y(part), look.line);
    svg.text(left - 6, y(part) + 4, percent(part), look.faint, { "text-anchor": "end" });
  }
  for (let e = Math.max(low, from); e < high; ++e) {
    const part = shareAt(at, layer, e);
    if (part > 0) svg.add("rect", { x: x(e) + 0.5, y: y(part), width: Math.max(1, x(e + 1) - x(e) - 1), height: bottom - y(part), fill: look.flow, "fill-opacity": 0.75 });
  }
  if (slope) {
    const points: [number, number][] = [];
    let largest = 0;
    for (let e = -8; e <= 8; e += 0.1) largest = Math.max(largest, Math.abs(slope(2 ** e)), Math.abs(slope(-(2 ** e))));
    const f = (e: number) => (Math.abs(slope(2 ** e)) + Math.abs(slope(-(2 ** e)))) / 2;
    for (let e = from; e <= to; e += (to - from) / 160) points.push([x(e), bottom - (f(e) / largest) * (bottom - top)]);
    svg.path(points, look.theory, 2.2);
    svg.text(right + 5, top + 4, plain(largest), look.theory);
    svg.text(right + 5, bottom + 4, "0", look.theory);
    svg.text(right, top - 4, `f' of ${name}, mean of both signs`, look.theory, { "text-anchor": "end", stroke: look.surface, "stroke-width": 3, "paint-order": "stroke" });
  }
  const every = [1, 2, 4, 5, 10, 20].find((n) => (to - from) / n <= (right - left) / 58) ?? 40;
  svg.line(left, bottom, right, bottom, look.axis);
  for (let e = Math.ceil(from / every) * every; e <= to; e += every) svg.text(x(e), bottom + 16, power2(e), look.faint, { "text-anchor": "middle" });
  svg.text((left + right) / 2, height - 6, name ? "magnitude of z" : "magnitude", look.faint, { "text-anchor": "middle" });
  return svg.element;
}
