// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from "../cursor";
import { percent, power2 } from "../format";
import { canvasIn, css, overlay, ramp } from "../ramp";
import { kFormats, kRoleNames, lostAt, medianOctave, octaves, shareAt, spectrumAt, worstLoss, type RoleName } from "../spectrum";
import type { Run, SpectrumRole } from "../store";
import { Svg } from "../svg";
import type { Look } from "../theme";
import { drawLayers, layerAxes } from "./axes";
import type { Frame, Panel } from "./chart";

const kLossRow = 15;
export const kSpectrogramHeight = 420;

export function spectrogramPanel(run: Run, cursor: Cursor, role: () => RoleName): Panel {
  const now = () => spectrumAt(run, cursor.of(run)?.step ?? 0);
  const at = () => now()?.roles[role()];
  return {
    label: "Spectrogram",
    along: "layer",
    draw: (place, look, width, height) => draw(place, run, at(), role(), now()?.step ?? 0, cursor.window, look, width, height),
    describe: () => describe(run, at(), role(), now()?.step),
    read: () => (at() ? read(run, at()!, cursor.layer, now()!.step).join(", ") : "nothing was recorded"),
    at: (value) => {
      const layer = Math.round(value) - 1;
      return run.profile[layer] && at() ? read(run, at()!, layer, now()!.step) : null;
    },
    table: () => ({
      head: ["layer", "text", "median", "zeros", ...kFormats.map(({ name }) => `lost in ${name}`)],
      rows: run.profile.map((place, i) => [
        String(place.depth), place.text, at() ? octaveText(medianOctave(at()!, i)) : "–", percent(at()?.zero?.[i] ?? 0),
        ...kFormats.map(({ key }) => (at() ? percent(lostAt(at()!, key, i)) : "–")),
      ]),
    }),
  };
}

function octaveText(exponent: number | null): string {
  return exponent === null ? "–" : power2(exponent);
}

function read(run: Run, at: SpectrumRole, layer: number, step: number): string[] {
  const median = medianOctave(at, layer);
  return [
    `layer ${run.profile[layer]!.depth}, ${run.profile[layer]!.text}, step ${step}`,
    median === null ? "no value that is not zero" : `median about ${power2(median)}`,
    `exactly zero: ${percent(at.zero?.[layer] ?? 0)}`,
    ...kFormats.map(({ key, name }) => `${name} loses ${percent(lostAt(at, key, layer))}`),
  ];
}

function describe(run: Run, at: SpectrumRole | undefined, role: RoleName, step: number | undefined): string {
  if (!at) return "Nothing was recorded.";
  const last = run.profile.length - 1;
  const losses = kFormats.map(({ key, name }) => {
    const { layer, lost } = worstLoss(at, key);
    return lost > 0 ? `${name} loses at most ${percent(lost)} (layer ${layer + 1})` : `${name} loses nothing`;
  });
  return (
    `Magnitudes of the ${kRoleNames[role]} at step ${step}: the median is about ${octaveText(medianOctave(at, 0))} in layer 1 and ` +
    `${octaveText(medianOctave(at, last))} in layer ${last + 1}. ${losses.join("; ")}.`
  );
}

function draw(
  place: HTMLElement, run: Run, at: SpectrumRole | undefined, role: RoleName, step: number, window: readonly [number, number], look: Look,
  width: number, height: number,
): Frame | null {
  if (!at) {
    place.replaceChildren("Nothing was recorded of this at any step.");
    return null;
  }
  const [low, high] = octaves(run, role);
  // The formats' own ends belong into the picture where they are near.
  const range = { min: low - 1, max: high + 1 };
  const narrow = width < 560;
  const lossHeight = kFormats.length * kLossRow + 40 + 14;
  const axes = layerAxes({ width, height: height - lossHeight, window, range, top: 26, bottom: 6, left: 64, right: narrow ? 14 : 92 });
  const context = canvasIn(place, width, height);
  const colours = ramp(look.ramp).map(css);
  const top = axes.y(range.max);
  const [first, last] = window;
  for (let layer = first; layer <= last; ++layer) {
    const x = axes.x(layer + 0.5);
    const wide = Math.max(1, axes.x(layer + 1.5) - x);
    const gap = wide > 6 ? 1 : 0;
    for (let exponent = low; exponent < high; ++exponent) {
      const part = shareAt(at, layer, exponent);
      if (part === 0) continue;
      context.fillStyle = colours[Math.round(Math.sqrt(Math.min(1, part * 2)) * 255)]!;
      const y = axes.y(exponent + 1);
      context.fillRect(x, y, wide - gap, axes.y(exponent) - y);
    }
  }
  const svg = new Svg(width, height, look.font);
  svg.text(2, 12, "magnitude", look.faint);
  svg.text(axes.left + 14, 12, `${kRoleNames[role]}, step ${step}`, look.ink, { "font-weight": 600, "font-size": 12 });
  const every = [1, 2, 4, 5, 10, 20, 40, 50, 100, 200, 400, 1000].find((n) => (range.max - range.min) / n <= 9) ?? 2000;
  for (let exponent = Math.ceil(range.min / every) * every; exponent <= range.max; exponent += every) {
    const y = axes.y(exponent);
    svg.line(axes.left - 4, y, axes.left, y, look.axis);
    svg.text(axes.left - 8, y + 4, power2(exponent), look.faint, { "text-anchor": "end" });
  }
  svg.add("rect", { x: axes.left, y: top, width: axes.right - axes.left, height: axes.y(range.min) - top, fill: "none", stroke: look.axis });
  bands(svg, axes, range, look, narrow);
  losses(svg, axes, at, height, window, look, narrow);
  drawLayers(svg, { ...axes, bottom: height - 40 }, window, height, look);
  overlay(place, svg.element);
  return { ...axes, top, bottom: height - 40 };
}

/** What each format can hold, as a bar beside the picture, and the line below which fp16 has no number. */
function bands(svg: Svg, axes: ReturnType<typeof layerAxes>, range: { min: number; max: number }, look: Look, narrow: boolean): void {
  const clamp = (exponent: number) => axes.y(Math.max(range.min, Math.min(range.max, exponent)));
  kFormats.forEach(({ name, subnormal, normal, end }, k) => {
    const x = axes.right + 8 + k * 20;
    if (!narrow) {
      svg.add("rect", { x, y: clamp(end), width: 10, height: Math.max(0, clamp(normal) - clamp(end)), fill: look.formats[k], rx: 2 });
      svg.add("rect", { x, y: clamp(normal), width: 10, height: Math.max(0, clamp(subnormal) - clamp(normal)), fill: look.formats[k], "fill-opacity": 0.4, rx: 2 });
    }
    for (const edge of [subnormal, end]) {
      if (edge <= range.min || edge >= range.max) continue;
      const y = axes.y(edge);
      svg.line(axes.left, y, axes.right, y, look.surface, 3);
      svg.line(axes.left, y, axes.right, y, look.formats[k]!, 1.6, "5 3");
      const text = edge === end ? `above: too large for ${name}` : `below: 0 in ${name}`;
      const right = k % 2 === 1;
      const base = edge === end ? y - 5 : y + 14;
      const wide = text.length * 5.7 + 8;
      svg.add("rect", { x: right ? axes.right - 2 - wide : axes.left + 2, y: base - 10.5, width: wide, height: 14, rx: 2, fill: look.surface, "fill-opacity": 0.9 });
      svg.text(right ? axes.right - 6 : axes.left + 6, base, text, look.ink, { "text-anchor": right ? "end" : "start", "font-size": 10.5 });
    }
  });
}

/** A row for each format: how much of each layer it would lose. */
function losses(svg: Svg, axes: ReturnType<typeof layerAxes>, at: SpectrumRole, height: number, window: readonly [number, number], look: Look, narrow: boolean): void {
  const top = height - 40 - kFormats.length * kLossRow;
  kFormats.forEach(({ key, name }, k) => {
    const y = top + k * kLossRow;
    svg.add("rect", { x: axes.left, y: y + 1, width: axes.right - axes.left, height: kLossRow - 3, fill: look.lane });
    let from = window[0];
    while (from <= window[1]) {
      const lost = Math.round(lostAt(at, key, from) * 20) / 20;
      let to = from;
      while (to < window[1] && Math.round(lostAt(at, key, to + 1) * 20) / 20 === lost) ++to;
      if (lost > 0) {
        const x = axes.x(from + 0.5);
        svg.add("rect", { x, y: y + 1, width: axes.x(to + 1.5) - x, height: kLossRow - 3, fill: look.alarm, "fill-opacity": 0.15 + 0.85 * lost });
      }
      from = to + 1;
    }
    svg.text(axes.left - 8, y + kLossRow - 4, name, look.formats[k]!, { "text-anchor": "end", "font-size": 10.5, "font-weight": 600 });
    const { lost } = worstLoss(at, key);
    if (!narrow) svg.text(axes.right + 8, y + kLossRow - 4, lost > 0 ? `up to ${percent(lost)}` : "none lost", look.faint, { "font-size": 10.5 });
  });
}
