// SPDX-License-Identifier: Apache-2.0
import { axisStyle, escapeHtml, tooltipStyle, type EChartsOption, type Look, type Panel } from "../charts/chart";
import { magnitude, plain, power } from "../format";
import { decadeInterval } from "../scale";
import type { Value } from "../store";
import { maths } from "./maths";
import type { Axis, Plot, Series } from "./types";

/** How the series at that place is drawn: no two of the first sixteen alike. Dashed lines are what was expected, in grey. */
export function seriesStyle(place: number, colours: readonly string[]): { colour: string; type: "solid" | "dotted"; symbol: string } {
  const round = Math.floor(place / colours.length);
  return {
    colour: colours[place % colours.length] ?? "#888888",
    type: round % 2 === 0 ? "solid" : "dotted",
    symbol: kSymbols[(place + 3 * round) % kSymbols.length] ?? "circle",
  };
}

const kSymbols = ["circle", "rect", "triangle", "diamond", "emptyCircle", "emptyRect", "emptyTriangle", "emptyDiamond"];

export function plotPanel(asGiven: Plot): Panel {
  const plot = set(asGiven);
  return {
    label: plot.title,
    option: (look, width) => (plot.kind === "line" ? lines(plot, look, width) : plot.kind === "bars" ? bars(plot, look, width) : heat(plot, look, width)),
    describe: () => describe(plot),
    table: () => numbers(plot),
  };
}

/** All texts of the plot as they are printed. */
function set(plot: Plot): Plot {
  const axis = (one: Axis) => ({ ...one, name: maths(one.name) });
  return {
    ...plot,
    title: maths(plot.title),
    how: maths(plot.how),
    x: axis(plot.x),
    y: axis(plot.y),
    categories: plot.categories.map(maths),
    series: plot.series.map((one) => ({ ...one, name: maths(one.name || "expected") })),
  };
}

/** What a chart shows, for those who do not see it: where each series begins and ends, or its largest and smallest bar. */
export function describe(plot: Plot): string {
  const of = plot.series.slice(0, 12).map((one) => {
    const there = one.y.flatMap((y, i) => (y === null ? [] : [i]));
    const [first, last] = [there[0], there[there.length - 1]];
    if (first === undefined || last === undefined) return `${one.name}: nothing`;
    if (plot.kind === "line") return `${one.name}: from ${value(plot.y, one.y[first])} at ${value(plot.x, one.x[first])} to ${value(plot.y, one.y[last])} at ${value(plot.x, one.x[last])}`;
    const sorted = [...there].sort((a, b) => one.y[a]! - one.y[b]!);
    const [low, high] = [sorted[0]!, sorted[sorted.length - 1]!];
    return `${one.name}: from ${value(plot.y, one.y[low])} (${plot.categories[low] ?? ""}) to ${value(plot.y, one.y[high])} (${plot.categories[high] ?? ""})`;
  });
  return `${plot.y.name || "Values"}. ${of.join("; ")}.`;
}

function value(axis: Axis, x: Value | undefined): string {
  return axis.log ? magnitude(x) : plain(x);
}

function numbers(plot: Plot) {
  if (plot.kind === "line") {
    const rows = plot.series.flatMap((one) => one.x.map((x, i) => [one.name, value(plot.x, x), value(plot.y, one.y[i])]));
    return { head: ["series", plot.x.name, plot.y.name], rows };
  }
  return {
    head: ["series", ...plot.categories],
    rows: plot.series.map((one) => [one.name, ...one.y.map((y) => value(plot.y, y))]),
  };
}

function extent(values: Value[]): { min: number; max: number } {
  let min = Infinity;
  let max = -Infinity;
  for (const v of values) {
    if (v === null) continue;
    min = Math.min(min, v);
    max = Math.max(max, v);
  }
  return min > max ? { min: 0, max: 1 } : { min, max };
}

/** A log axis has its ticks on whole powers of ten where there is room, an ordinary one where ECharts likes. */
function scale(axis: Axis, values: Value[], look: Look, narrow: boolean) {
  const style = axisStyle(look);
  const label = { ...style.axisLabel, formatter: (x: number) => (axis.log ? power(Math.round(x * 100) / 100) : tick(x)) };
  if (!axis.log) return { type: "value" as const, scale: true, ...style, axisLabel: label };
  const { min, max } = extent(values);
  if (max - min < 3 && max > min) {
    // Less than three powers of ten: 1, 2 and 5 of each.
    const all = Array.from({ length: 24 }, (_, i) => Math.floor(min) + Math.floor(i / 3) + Math.log10([1, 2, 5][i % 3]!));
    const low = Math.max(...all.filter((at) => at <= min + 1e-9));
    const high = Math.min(...all.filter((at) => at >= max - 1e-9));
    const ticks = all.filter((at) => at >= low && at <= high);
    const names = { ...label, customValues: ticks, formatter: (at: number) => (Math.abs(at) < 4 ? plain(10 ** at) : power(Math.round(at * 100) / 100)) };
    return { type: "value" as const, min: low, max: high, ...style, axisTick: { ...style.axisTick, customValues: ticks }, axisLabel: names, splitLine: { show: false } };
  }
  const step = max - min < 3 ? undefined : decadeInterval({ min, max }, narrow ? 4 : 6);
  const round = step ?? (max - min < 0.2 ? 0.05 : max - min < 1 ? 0.25 : 0.5);
  return {
    type: "value" as const,
    min: Math.floor((min - round * 0.05) / round) * round,
    max: Math.ceil((max + round * 0.05) / round) * round || 0,
    interval: round,
    ...style,
    axisLabel: label,
  };
}

function tick(x: number): string {
  return Math.abs(x) >= 1e5 ? plain(x) : String(Number(x.toPrecision(4))).replace("-", "−");
}

function legend(plot: Plot, look: Look, width: number): { option: EChartsOption; rows: number } {
  // Series of one name share an entry.
  const named = plot.series.filter((one, i) => plot.series.findIndex((other) => other.name === one.name) === i);
  if (named.length < 2) return { option: {}, rows: 0 };
  // ECharts wraps a legend by itself; how many rows that makes is estimated from the letters.
  let rows = 1;
  let used = 0;
  for (const one of named) {
    const needs = 44 + one.name.length * 6.6;
    if (used > 0 && used + needs > width - 24) {
      rows += 1;
      used = 0;
    }
    used += needs;
  }
  const data = named.map((one) => one.name);
  return { option: { legend: { data, left: 0, top: 0, itemWidth: 22, itemGap: 16, textStyle: { color: look.ink, fontSize: 12 } } }, rows };
}

function lines(plot: Plot, look: Look, width: number): EChartsOption {
  const colours = look.runs;
  const { option, rows } = legend(plot, look, width);
  const narrow = width < 480;
  let solid = 0;
  const series = plot.series.map((one: Series) => {
    const dashed = one.style === "dashed";
    const own = seriesStyle(solid, colours);
    const colour = dashed ? look.faint : own.colour;
    if (!dashed) solid += 1;
    return {
      type: one.style === "points" ? ("scatter" as const) : ("line" as const),
      name: one.name,
      data: one.x.map((x, i) => [x, one.y[i] ?? null]),
      connectNulls: false,
      showSymbol: !dashed && one.x.length <= 40,
      symbol: dashed ? "none" : own.symbol,
      symbolSize: one.style === "points" ? 5 : 6,
      lineStyle: { width: dashed ? 1.6 : 2.2, color: colour, type: dashed ? ("dashed" as const) : own.type },
      itemStyle: { color: colour, opacity: one.style === "points" ? 0.6 : 1 },
      z: dashed ? 6 : 3,
    };
  });
  const xs = plot.series.flatMap((one) => one.x);
  const ys = plot.series.flatMap((one) => one.y);
  const axis = axisStyle(look);
  return {
    ...option,
    grid: { left: 8, right: 18, top: 34 + rows * 24, bottom: 30, containLabel: true },
    tooltip: {
      ...tooltipStyle(look),
      trigger: "axis",
      formatter: (items: unknown) => tooltip(plot, items),
    },
    xAxis: {
      ...scale(plot.x, xs, look, narrow),
      ...(plot.x.log ? {} : { min: extent(xs).min, max: extent(xs).max }),
      name: plot.x.name,
      nameLocation: "middle",
      nameGap: 28,
      nameTextStyle: axis.nameTextStyle,
      axisLine: { ...axis.axisLine, onZero: false },
      splitLine: { show: false },
    },
    yAxis: {
      ...scale(plot.y, ys, look, narrow),
      name: plot.y.name,
      nameTextStyle: { ...axis.nameTextStyle, align: "left", padding: [0, 0, 0, -30] },
      axisLine: { show: false, onZero: false },
      axisTick: { show: false },
    },
    series: series as EChartsOption["series"],
  };
}

function tooltip(plot: Plot, items: unknown): string {
  const all = (Array.isArray(items) ? items : []) as { seriesName: string; value: [number, Value]; color: string }[];
  const first = all[0];
  if (!first) return "";
  const rows = all.map((item) => `<span style="color:${item.color}">●</span> ${escapeHtml(item.seriesName)} <b>${value(plot.y, item.value[1])}</b>`);
  return [`${escapeHtml(plot.x.name)} <b>${value(plot.x, first.value[0])}</b>`, ...rows].join("<br>");
}

function bars(plot: Plot, look: Look, width: number): EChartsOption {
  const colours = look.runs;
  const { option, rows } = legend(plot, look, width);
  const axis = axisStyle(look);
  const ys = plot.series.flatMap((one) => one.y);
  const { min, max } = extent(ys);
  // Bars of magnitudes start at a power of ten below the smallest.
  const floor = plot.y.log ? Math.floor(min - Math.max(0.3, (max - min) * 0.03)) : Math.min(0, min);
  return {
    ...option,
    grid: { left: 8, right: 78, top: 12 + rows * 24, bottom: 30, containLabel: true },
    tooltip: {
      ...tooltipStyle(look),
      trigger: "item",
      formatter: (item: unknown) => {
        const { name, seriesName, value: v } = item as { name: string; seriesName: string; value: [number, number] };
        return `${escapeHtml(name)} ${escapeHtml(seriesName)} <b>${value(plot.y, v[0])}</b>`;
      },
    },
    xAxis: {
      ...scale(plot.y, [floor, max], look, width < 480),
      ...(plot.y.log ? { min: floor } : {}),
      name: plot.y.name,
      nameLocation: "middle",
      nameGap: 28,
      nameTextStyle: axis.nameTextStyle,
    },
    yAxis: {
      type: "category",
      inverse: true,
      data: plot.categories,
      ...axis,
      axisLabel: { color: look.ink, fontSize: 12, width: Math.max(90, width * 0.3), overflow: "break" },
      splitLine: { show: false },
    },
    series: plot.series.map((one, i) => ({
      type: "bar" as const,
      name: one.name,
      data: one.y.map((y, k) => [y, k]),
      barMaxWidth: 18,
      itemStyle: { color: one.style === "dashed" ? look.faint : (colours[i % colours.length] ?? look.ink), borderRadius: [0, 3, 3, 0] },
      label: { show: true, position: "right" as const, color: look.ink, fontSize: 11, formatter: (item: unknown) => value(plot.y, (item as { value: [Value] }).value[0]) },
    })) as EChartsOption["series"],
  };
}

function heat(plot: Plot, look: Look, width: number): EChartsOption {
  const { min, max } = extent(plot.series.flatMap((one) => one.y));
  const axis = axisStyle(look);
  const cells = plot.series.flatMap((one, row) => one.y.map((y, column) => [column, row, y ?? "-"]));
  return {
    grid: { left: 8, right: width < 480 ? 12 : 90, top: 12, bottom: width < 480 ? 80 : 34, containLabel: true },
    tooltip: {
      ...tooltipStyle(look),
      formatter: (item: unknown) => {
        const [column, row, v] = (item as { value: [number, number, Value] }).value;
        return `${escapeHtml(plot.series[row]?.name ?? "")}, ${escapeHtml(plot.categories[column] ?? "")}: <b>${value(plot.y, v)}</b>`;
      },
    },
    visualMap: {
      min,
      max,
      calculable: false,
      orient: width < 480 ? "horizontal" : "vertical",
      right: width < 480 ? "center" : 0,
      bottom: width < 480 ? 0 : "middle",
      itemHeight: 120,
      text: [value(plot.y, max), value(plot.y, min)],
      textStyle: { color: look.faint, fontSize: 11 },
      inRange: { color: look.ramp },
    },
    xAxis: { type: "category", data: plot.categories, name: plot.x.name, nameLocation: "middle", nameGap: 28, ...axis, splitLine: { show: false } },
    yAxis: { type: "category", inverse: true, data: plot.series.map((one) => one.name), ...axis, axisLabel: { color: look.ink, fontSize: 12 }, splitLine: { show: false } },
    series: [
      {
        type: "heatmap",
        data: cells,
        label: { show: plot.categories.length <= 12 && width > 620, fontSize: 11, formatter: (item: unknown) => value(plot.y, (item as { value: [number, number, Value] }).value[2]) },
        itemStyle: { borderColor: look.surface, borderWidth: 1 },
      },
    ] as EChartsOption["series"],
  };
}
