// SPDX-License-Identifier: Apache-2.0
import { magnitude, power } from "../format";
import { pathText } from "../ledger";
import { decadeInterval, decadeRange, layerTicks, type Range } from "../scale";
import type { Measured, Place, Run, Theory, Value } from "../types";
import { axisStyle, escapeHtml, tooltipStyle, type EChartsOption, type Look, type Panel } from "./chart";

export const kCurves = [
  { key: "grad_z", name: "Flow gradient (dLoss/dz)", short: "flow gradient", colour: "flow" },
  { key: "grad_weight", name: "Parameter gradient (dLoss/dw)", short: "parameter gradient", colour: "param" },
  { key: "a", name: "Activations", short: "activations", colour: "act" },
] as const;

export const kTheory = { key: "theory", name: "Flow gradient in theory, at the start", colour: "theory" } as const;

export type CurveKey = (typeof kCurves)[number]["key"] | typeof kTheory.key;

export const kBeside = "beside the chain: gates, shortcuts and other ways";

/** Where number formats end, drawn only where the data comes near them. */
const kLimits = [
  { at: -7.22, name: "smallest fp16" },
  { at: -44.85, name: "smallest fp32" },
  { at: -323.3, name: "smallest fp64" },
];

/** One range for all runs, all steps and the curves that are shown, so that nothing jumps. */
export function profileRange(runs: readonly Run[], shown: ReadonlySet<CurveKey>): Range {
  const values: Value[] = [];
  for (const run of runs) {
    for (const measured of run.measured) {
      for (const { key } of kCurves) if (shown.has(key)) values.push(...measured.flow[key]);
      if (shown.has("grad_z")) values.push(...measured.beside.flow.grad_z);
    }
    if (run.theory && shown.has("theory")) values.push(...run.theory.grad_z);
  }
  const range = decadeRange(values, 4);
  // Below the lowest point its label needs room.
  const lowest = values.reduce<number>((low, v) => (v !== null && v < low ? v : low), 0);
  const crowded = lowest - range.min < (range.max - range.min) * 0.12;
  return crowded ? { ...range, min: range.min - decadeInterval(range) } : range;
}

export function profilePanel(
  run: Run,
  current: () => Measured | undefined,
  range: () => Range,
  shown: ReadonlySet<CurveKey>,
): Panel {
  return {
    label: run.label,
    option: (look, width) => option(run, current(), range(), shown, look, width),
    describe: () => describe(run, current()),
    table: () => ({
      head: [
        ...["layer", "path", "text", "flow gradient", "parameter gradient", "activations", "weights"],
        ...(run.theory ? [`flow gradient in theory, step ${run.theory.step}`] : []),
      ],
      rows: [
        ...run.profile.map((place, i) => [
          ...row(run, place, i, current()),
          ...(run.theory ? [magnitude(run.theory.grad_z[i])] : []),
        ]),
        ...run.beside.map((place, i) => [...row(run, place, i, current()?.beside), ...(run.theory ? [magnitude(null)] : [])]),
      ],
    }),
  };
}

function row(run: Run, place: Place, i: number, at: Pick<Measured, "flow" | "marks"> | undefined): string[] {
  return [
    ...[String(place.depth), run.layers[place.layer]?.path ?? "", place.text, gradientText(i, at)],
    ...[at?.flow.grad_weight[i], at?.flow.a[i], at?.flow.weight[i]].map(magnitude),
  ];
}

function gradientText(i: number, at: Pick<Measured, "flow" | "marks"> | undefined): string {
  const mark = at?.marks.find((m) => m.layer === i);
  return mark ? markName(mark.state) : magnitude(at?.flow.grad_z[i]);
}

export function markName(state: "zero" | "nonfinite"): string {
  return state === "zero" ? "exactly zero" : "NaN or Inf";
}

function describe(run: Run, measured: Measured | undefined): string {
  if (!measured) return "No step was measured.";
  const values = measured.flow.grad_z;
  const first = magnitude(values[0]);
  const last = magnitude(values[values.length - 1]);
  return (
    `Flow gradient over depth at step ${measured.step}: ${first} at layer 1, ` +
    `${last} at layer ${run.profile.length}.`
  );
}

function option(
  run: Run,
  measured: Measured | undefined,
  range: Range,
  shown: ReadonlySet<CurveKey>,
  look: Look,
  width: number,
): EChartsOption {
  const axis = axisStyle(look);
  const count = run.profile.length;
  const few = count <= 60;
  const series: Record<string, unknown>[] = [];
  for (const curve of kCurves) {
    if (!shown.has(curve.key) || !measured) continue;
    const values = measured.flow[curve.key];
    const colour = look[curve.colour];
    const flow = curve.key === "grad_z";
    series.push({
      type: "line",
      name: curve.name,
      data: values.map((value, i) => [i + 1, value]),
      connectNulls: false,
      showSymbol: few,
      symbol: flow ? "circle" : curve.key === "grad_weight" ? "rect" : "triangle",
      symbolSize: flow ? 6 : 5,
      lineStyle: { width: flow ? 2.5 : 1.5, color: colour, type: curve.key === "a" ? "dashed" : "solid" },
      itemStyle: { color: colour },
      areaStyle: flow ? { color: colour, opacity: 0.12, origin: "start" } : undefined,
      z: flow ? 5 : 3,
      markLine: flow ? limits(range, values, look) : undefined,
    });
  }
  if (run.theory && shown.has("theory")) series.push(theory(run.theory, look));
  if (measured && shown.has("grad_z")) {
    series.push(endLabels(measured, count, look), marks(measured, range, look));
    if (run.beside.length > 0) series.push(beside(run, measured, look));
  }
  return {
    grid: { left: 58, right: 24, top: 34, bottom: 44 },
    tooltip: {
      ...tooltipStyle(look),
      trigger: "axis",
      formatter: (items: unknown) => tooltip(run, measured, items),
    },
    xAxis: {
      type: "value",
      min: 1,
      max: Math.max(count, 2),
      minInterval: 1,
      name: "input  ←  layer  ←  loss",
      nameLocation: "middle",
      nameGap: 26,
      ...axis,
      splitLine: { show: false },
      axisTick: { ...axis.axisTick, customValues: layerTicks(count, width) },
      axisLabel: { ...axis.axisLabel, customValues: layerTicks(count, width), formatter: String },
    },
    yAxis: {
      type: "value",
      min: range.min,
      max: range.max,
      interval: decadeInterval(range),
      name: "root mean square",
      nameTextStyle: { ...axis.nameTextStyle, align: "left", padding: [0, 0, 4, -50] },
      ...{ axisLine: { show: false }, axisTick: { show: false }, splitLine: axis.splitLine },
      axisLabel: { ...axis.axisLabel, formatter: (y: number) => power(Math.round(y * 100) / 100) },
    },
    series: series as EChartsOption["series"],
  };
}

// Gates and shortcuts hang beside the chain: points at the depth of their block that no line joins.
function beside(run: Run, measured: Measured, look: Look) {
  return {
    type: "scatter",
    name: kBeside,
    symbol: "circle",
    symbolSize: 6,
    itemStyle: { color: look.surface, borderColor: look.flow, borderWidth: 1.5 },
    data: run.beside.map((place, i) => [place.depth, measured.beside.flow.grad_z[i] ?? null]),
    z: 4,
  };
}

function theory(predicted: Theory, look: Look) {
  return {
    type: "line",
    name: kTheory.name,
    data: predicted.grad_z.map((value, i) => [i + 1, value]),
    connectNulls: false,
    showSymbol: false,
    lineStyle: { width: 2, color: look.theory, type: "dashed" },
    itemStyle: { color: look.theory },
    z: 6,
  };
}

// Each is named at the end of its line that the flow keeps farther away from.
function limits(range: Range, flow: readonly Value[], look: Look) {
  const present = flow.filter((value) => value !== null);
  const away = (value: Value | undefined, at: number) => Math.abs((value ?? at) - at);
  const atStart = (at: number) => away(present[0], at) > away(present[present.length - 1], at);
  return {
    silent: true,
    symbol: "none",
    lineStyle: { color: look.faint, type: "dotted", width: 1 },
    label: { color: look.faint, fontSize: 10.5, formatter: "{b}" },
    data: kLimits
      .filter((limit, i, all) => {
        const room = (range.max - range.min) / 20;
        const crowded = range.max - limit.at < room || all.slice(i + 1).some((next) => limit.at - next.at < room);
        return limit.at > range.min + 0.5 && !crowded;
      })
      .map(({ at, name }) => ({
        yAxis: at,
        name,
        label: { position: atStart(at) ? ("insideStartTop" as const) : ("insideEndTop" as const) },
      })),
  };
}

// The two numbers that say it all stand in the picture: at the first and at the last layer with a gradient.
function endLabels(measured: Measured, count: number, look: Look) {
  const values = measured.flow.grad_z;
  const present = values.flatMap((value, i) => (value === null ? [] : [i]));
  const first = present[0];
  const last = present[present.length - 1];
  const rising = typeof values[first ?? 0] === "number" && (values[last ?? 0] ?? 0) - (values[first ?? 0] ?? 0) > 1;
  // Beside a line that climbs, the free place for the first number is below it.
  const label = (i: number, align: "left" | "right", below = false) => ({
    value: [i + 1, values[i]],
    label: {
      show: true,
      position: below ? "bottom" : "top",
      align,
      offset: below ? [8, 10] : [align === "left" ? -4 : 4, -3],
      formatter: magnitude(values[i]),
      color: look.flow,
      fontWeight: 700,
      fontSize: 13,
      textBorderColor: look.surface,
      textBorderWidth: 4,
    },
  });
  const data = first === undefined ? [] : [label(first, first < count / 2 ? "left" : "right", rising)];
  if (last !== undefined && last !== first) data.push(label(last, "right"));
  return {
    type: "scatter",
    silent: true,
    symbolSize: 8,
    itemStyle: { color: look.flow },
    data,
    z: 8,
    tooltip: { show: false },
  };
}

function marks(measured: Measured, range: Range, look: Look) {
  return {
    type: "scatter",
    name: "not a number, or zero",
    symbolSize: 9,
    z: 9,
    data: measured.marks.map((mark) => ({
      value: [mark.layer + 1, mark.state === "zero" ? range.min : range.max],
      symbol: mark.state === "zero" ? "triangle" : "diamond",
      symbolRotate: mark.state === "zero" ? 180 : 0,
      itemStyle: { color: look.alarm },
    })),
  };
}

function tooltip(run: Run, measured: Measured | undefined, items: unknown): string {
  const first = Array.isArray(items) ? (items[0] as { value?: [number, number] }) : undefined;
  const i = (first?.value?.[0] ?? 1) - 1;
  const place = run.profile[i];
  if (!place || !measured) return "";
  const mark = measured.marks.find((m) => m.layer === i);
  const lines = kCurves.map(({ key, short }) => `${short} <b>${magnitude(measured.flow[key][i])}</b>`);
  if (run.theory) lines.push(`in theory <b>${magnitude(run.theory.grad_z[i])}</b> at step ${run.theory.step}`);
  if (mark) lines.push(`<b>${markName(mark.state)}</b>`);
  run.beside.forEach((one, k) => {
    if (one.depth === place.depth) lines.push(`beside it, ${escapeHtml(one.text)} <b>${gradientText(k, measured.beside)}</b>`);
  });
  return `<b>layer ${place.depth}</b> ${escapeHtml(place.text)}, ${escapeHtml(pathText(run, place.layer))}<br>${lines.join("<br>")}`;
}
