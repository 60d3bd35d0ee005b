// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from "../cursor";
import { decades, magnitude } from "../format";
import { divide, kCauseNames, kCauses, levelsOf, pathText, type Level } from "../ledger";
import { decadeInterval, decadeRange, type Range } from "../scale";
import { hasState, stateOf, type Cause, type FlowColumn, type Measured, type Run, type Value } from "../store";
import { Svg } from "../svg";
import type { Look } from "../theme";
import { drawDecades, drawLanes, drawLayers, layerAxes, type LayerAxes } from "./axes";
import type { Frame, Panel } from "./chart";

export const kCurves = [
  { key: "grad_z", name: "Flow gradient (dLoss/dz)", short: "flow gradient", colour: "flow", shown: true },
  { key: "theory", name: "the same in theory, at the start", short: "in theory", colour: "theory", shown: true },
  { key: "grad_weight", name: "Gradient of the weight (dLoss/dw)", short: "gradient of the weight", colour: "param", shown: false },
  { key: "a", name: "Activations", short: "activations", colour: "act", shown: false },
] as const;

export type CurveKey = (typeof kCurves)[number]["key"];

/** Where number formats end, drawn only where the data comes near them. */
export const kLimits = [
  { at: 4.816, name: "largest fp16" },
  { at: 2.651, name: "largest fp8 e4m3" },
  { at: -2.709, name: "smallest fp8 e4m3" },
  { at: -7.225, name: "smallest fp16" },
  { at: -40.04, name: "smallest bf16" },
  { at: -44.85, name: "smallest fp32" },
  { at: -323.3, name: "smallest fp64" },
] as const;

const kHeight = 400;
const kWorthAColour = 0.05; // powers of ten

function curveValues(run: Run, measured: Measured, key: CurveKey): readonly Value[] {
  return key === "theory" ? (run.theory?.grad_z ?? []) : measured.flow[key];
}

function valuesAt(run: Run, measured: Measured, shown: ReadonlySet<CurveKey>): Value[] {
  const values = [...shown].flatMap((key) => [...curveValues(run, measured, key)]);
  return shown.has("grad_z") ? [...values, measured.ledger.loss_gradient] : values;
}

/** One range for all steps, so that nothing jumps; where that would press the chosen step flat, its own. */
export function heroRange(run: Run, measured: Measured, shown: ReadonlySet<CurveKey>): { range: Range; own: boolean } {
  const own = decadeRange(valuesAt(run, measured, shown), 4);
  const all = decadeRange(run.measured.flatMap((m) => valuesAt(run, m, shown)), 4);
  const flat = all.max - all.min > 2.5 * (own.max - own.min);
  return { range: withMargin(flat ? own : all, valuesAt(run, measured, shown)), own: flat };
}

/** The numbers at the ends of the line need a place below it. */
function withMargin(range: Range, values: readonly Value[]): Range {
  const lowest = values.reduce<number>((least, v) => (v !== null && v < least ? v : least), Infinity);
  const margin = 0.075 * (range.max - range.min);
  return { min: Math.min(range.min, Math.max(range.min - margin, lowest - margin)), max: range.max };
}

export function heroPanel(run: Run, cursor: Cursor, shown: ReadonlySet<CurveKey>): Panel {
  const now = () => cursor.of(run);
  return {
    label: "How deep the gradient reaches",
    along: "layer",
    draw: (place, look, width, height) => draw(place, run, now(), cursor.window, shown, look, width, height),
    describe: () => describe(run, now()),
    read: () => read(run, now(), cursor.layer).join(", "),
    at: (value) => {
      const i = Math.round(value) - 1;
      return run.profile[i] ? read(run, now(), i) : null;
    },
    table: () => table(run, now()),
  };
}

export const kHeroHeight = kHeight;

function valueText(at: Measured | undefined, column: FlowColumn, i: number): string {
  if (!at) return "–";
  const state = stateOf(at, column, i);
  return state === "zero" ? "exactly zero" : state === "nonfinite" ? "NaN or ∞" : magnitude(at.flow[column][i]);
}

function read(run: Run, measured: Measured | undefined, i: number): string[] {
  const place = run.profile[i];
  if (!place || !measured) return ["nothing was measured"];
  const lines = [
    `layer ${place.depth}, ${place.text} (${pathText(run, place.layer)}), step ${measured.step}`,
    `flow gradient ${valueText(measured, "grad_z", i)}`,
    `gradient of the weight ${valueText(measured, "grad_weight", i)}`,
    `activations ${valueText(measured, "a", i)}`,
  ];
  if (run.theory) lines.push(`flow gradient in theory ${magnitude(run.theory.grad_z[i])} (step ${run.theory.step})`);
  const part = partsAt(run, measured, i);
  const worst = (Object.entries(part) as [Cause, number][]).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]))[0];
  if (worst && Math.abs(worst[1]) >= kWorthAColour) lines.push(`mostly by: ${kCauseNames[worst[0]]} (${decades(worst[1])} powers of ten)`);
  run.beside.forEach((one, k) => {
    if (one.depth === place.depth) lines.push(`beside it, ${one.text}: ${valueText(measured.beside as Measured, "grad_z", k)}`);
  });
  return lines;
}

function describe(run: Run, measured: Measured | undefined): string {
  if (!measured) return "No step was measured.";
  const last = run.profile.length - 1;
  const low = measured.flow.grad_z.reduce<number>((best, v, i, all) => (v !== null && (all[best] === null || v < all[best]!) ? i : best), 0);
  const zeros = measured.zero.grad_z?.size ?? 0;
  const broken = measured.nonfinite.grad_z?.size ?? 0;
  const totals = (Object.entries(partsAt(run, measured, 0)) as [Cause, number][]).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  return (
    `Flow gradient over ${last + 1} layers at step ${measured.step}: ${valueText(measured, "grad_z", 0)} at layer 1, ` +
    `${valueText(measured, "grad_z", last)} at layer ${last + 1}, the smallest ${valueText(measured, "grad_z", low)} at layer ${low + 1}.` +
    (zeros > 0 ? ` It is exactly zero in ${zeros} layers.` : "") +
    (broken > 0 ? ` It is not a number in ${broken} layers.` : "") +
    (totals[0] && Math.abs(totals[0][1]) >= 0.5 ? ` Most of the change is by: ${kCauseNames[totals[0][0]]}.` : "")
  );
}

function table(run: Run, measured: Measured | undefined) {
  const row = (text: string, depth: number, path: string, at: Measured | undefined, i: number, theory: string[]) => [
    String(depth), path, text, ...(["grad_z", "grad_weight", "a", "weight"] as const).map((column) => valueText(at, column, i)), ...theory,
  ];
  return {
    head: ["layer", "path", "text", "flow gradient", "gradient of the weight", "activations", "weights", ...(run.theory ? [`in theory, step ${run.theory.step}`] : [])],
    rows: [
      ...run.profile.map((p, i) => row(p.text, p.depth, run.layers[p.layer]?.path ?? "", measured, i, run.theory ? [magnitude(run.theory.grad_z[i])] : [])),
      ...run.beside.map((p, i) => row(p.text, p.depth, run.layers[p.layer]?.path ?? "", measured?.beside as Measured | undefined, i, run.theory ? ["–"] : [])),
    ],
  };
}

const known = new WeakMap<Measured, (Level | undefined)[]>();

/** What each cause has added from the loss to the output of layer `i` (a place); undefined where the books do not reach. */
export function levelAt(run: Run, measured: Measured, i: number): Level | undefined {
  let levels = known.get(measured);
  if (!levels) {
    const by = levelsOf(measured.ledger.books, measured.ledger.ends_at);
    levels = run.profile.map((place) => by.get(place.layer));
    known.set(measured, levels);
  }
  return levels[i];
}

/** The same for the picture: the causes that went the other way are taken off. */
export function partsAt(run: Run, measured: Measured, i: number): Level {
  const start = measured.ledger.loss_gradient;
  const value = measured.flow.grad_z[i];
  const level = levelAt(run, measured, i);
  if (start === null || value === null || value === undefined || !level) return {};
  return divide(value - start, level);
}

/** The causes in the order in which they are stacked, from the level of the start: the largest first. */
export function stackOrder(run: Run, measured: Measured): Cause[] {
  const most = new Map<Cause, number>();
  run.profile.forEach((_, i) => {
    for (const [cause, value] of Object.entries(partsAt(run, measured, i)) as [Cause, number][]) {
      most.set(cause, Math.max(most.get(cause) ?? 0, Math.abs(value)));
    }
  });
  return kCauses.filter((cause) => (most.get(cause) ?? 0) >= kWorthAColour).sort((a, b) => most.get(b)! - most.get(a)!);
}

function draw(
  place: HTMLElement, run: Run, measured: Measured | undefined, window: readonly [number, number], shown: ReadonlySet<CurveKey>, look: Look,
  width: number, height: number,
): Frame | null {
  if (!measured) {
    place.replaceChildren("Nothing was measured.");
    return null;
  }
  const { range, own } = heroRange(run, measured, shown);
  const axes = layerAxes({
    width, height, window, range, top: 26, right: 20,
    zeros: hasState(run, "grad_z", "zero"), broken: hasState(run, "grad_z", "nonfinite"),
  });
  const svg = new Svg(width, height, look.font);
  svg.text(axes.left - 48, 12, own ? "root mean square (scale of this step alone)" : "root mean square", look.faint);
  drawDecades(svg, axes, range, look);
  const [first, last] = window;
  const inside = Array.from({ length: last - first + 1 }, (_, k) => first + k);
  if (shown.has("grad_z")) drawCauses(svg, axes, run, measured, inside, look);
  drawLimits(svg, axes, range, measured, first, look);
  const points = (values: readonly Value[]) =>
    inside.map((i): [number, number] | null => {
      const v = values[i];
      return v === null || v === undefined ? null : [axes.x(i + 1), axes.y(v)];
    });
  // Theory last: where both agree its dots stand on the line.
  for (const key of ["a", "grad_weight", "grad_z", "theory"] as const) {
    if (!shown.has(key)) continue;
    const { colour } = kCurves.find((curve) => curve.key === key)!;
    const dash = key === "theory" ? "2 5" : key === "a" ? "6 4" : undefined;
    const stroke = key === "grad_z" ? look.ink : look[colour];
    const drawn = points(curveValues(run, measured, key));
    if (key === "grad_z") svg.path(drawn, look.surface, 5.5);
    svg.path(drawn, stroke, key === "grad_z" ? 2.8 : 2, dash);
    if (key === "grad_z" && inside.length <= 60) {
      for (const point of drawn) if (point) svg.add("circle", { cx: point[0], cy: point[1], r: 3.2, fill: look.ink });
    }
  }
  if (shown.has("grad_z")) {
    run.beside.forEach((one, k) => {
      const v = measured.beside.flow.grad_z[k];
      if (v === null || v === undefined || one.depth < first + 1 || one.depth > last + 1) return;
      svg.add("circle", { cx: axes.x(one.depth), cy: axes.y(v), r: 3.4, fill: look.surface, stroke: look.ink, "stroke-width": 1.4 });
    });
    drawLanes(svg, axes, (i) => stateOf(measured, "grad_z", i), window, look);
    drawEnds(svg, axes, measured, inside, look);
  }
  drawLayers(svg, axes, window, height, look);
  place.replaceChildren(svg.element);
  return axes;
}

/** Between the level at which the gradient starts and its line: who took that. */
function drawCauses(svg: Svg, axes: LayerAxes, run: Run, measured: Measured, inside: readonly number[], look: Look): void {
  const start = measured.ledger.loss_gradient;
  if (start === null) return;
  const at = inside.map(() => start);
  for (const cause of stackOrder(run, measured)) {
    const from = [...at];
    inside.forEach((i, k) => {
      at[k]! += partsAt(run, measured, i)[cause] ?? 0;
    });
    // Where the gradient has no level, or the books do not reach, the colour has none: a gap ends one piece and begins another.
    let piece: number[] = [];
    const flush = () => {
      if (piece.length > 0) {
        const half = piece.length === 1 ? 0.3 : 0;
        const edge = (k: number, side: number) => axes.x(inside[k]! + 1 + side * half);
        const up = piece.map((k) => `${edge(k, -1).toFixed(1)},${axes.y(from[k]!).toFixed(1)}`);
        const down = [...piece].reverse().map((k) => `${edge(k, 1).toFixed(1)},${axes.y(at[k]!).toFixed(1)}`);
        svg.add("polygon", { points: [...up, ...down].join(" "), fill: look.cause[cause], "fill-opacity": 0.86 });
      }
      piece = [];
    };
    inside.forEach((i, k) => {
      if (stateOf(measured, "grad_z", i) === "ok" && levelAt(run, measured, i)) piece.push(k);
      else flush();
    });
    flush();
  }
  const y = axes.y(start);
  svg.line(axes.left, y, axes.right, y, look.ink, 1.2, "7 4");
}

// Each is named at the end of its line that the flow keeps farther away from.
function drawLimits(svg: Svg, axes: LayerAxes, range: Range, measured: Measured, first: number, look: Look): void {
  const present = measured.flow.grad_z.filter((value): value is number => value !== null);
  const start = axes.y(measured.ledger.loss_gradient ?? Infinity);
  const away = (value: number | undefined, at: number) => Math.abs((value ?? at) - at);
  let drawn = Infinity;
  for (const { at, name } of kLimits) {
    const margin = (range.max - range.min) * 0.03;
    if (at < range.min + margin || at > range.max - margin || drawn - at < (range.max - range.min) / 16) continue;
    drawn = at;
    const y = axes.y(at);
    const left = away(present[0], at) > away(present[present.length - 1], at);
    svg.line(axes.left, y, axes.right, y, look.ink, 1, "1 3");
    const crowded = start < y && start > y - 20;  // the dashed level of the start
    const x = left ? Math.min(axes.x(first + 1) + 8, axes.left + 60) : axes.right - 6;
    svg.text(x, crowded ? y + 12 : y - 4, name, look.ink, {
      "text-anchor": left ? "start" : "end", "font-size": 10.5, "font-weight": 600, stroke: look.surface, "stroke-width": 4, "paint-order": "stroke",
    });
  }
}

// The two numbers that say it all stand in the picture: at the first and at the last layer with a gradient.
function drawEnds(svg: Svg, axes: LayerAxes, measured: Measured, inside: readonly number[], look: Look): void {
  const present = inside.filter((i) => measured.flow.grad_z[i] !== null);
  const ends = [...new Set([present[0], present[present.length - 1]])].filter((i): i is number => i !== undefined);
  ends.forEach((i, k) => {
    const value = measured.flow.grad_z[i]!;
    const other = measured.flow.grad_z[ends[1 - k] ?? i] ?? value;
    // Beside a line that climbs away from it the free place is below; above it otherwise.
    const below = value < other - 0.5;
    const left = k === 0;
    const x = axes.x(i + 1) + (below ? (left ? 12 : -12) : 0);
    const y = Math.max(24, Math.min(axes.bottom - 5, axes.y(value) + (below ? 15 : -12)));
    svg.text(x, y, magnitude(value), look.ink, {
      "text-anchor": left ? "start" : "end",
      "font-size": 14, "font-weight": 700, stroke: look.surface, "stroke-width": 4, "paint-order": "stroke",
    });
  });
}

/** Decades between two grid lines, for the text beside the chart. */
export function gridStep(run: Run, measured: Measured | undefined, shown: ReadonlySet<CurveKey>): number {
  return measured ? decadeInterval(heroRange(run, measured, shown).range) : 1;
}
