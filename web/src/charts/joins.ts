// SPDX-License-Identifier: Apache-2.0
import { magnitude, percent, power } from "../format";
import { pathText } from "../ledger";
import { decadeInterval, decadeRange, layerTicks, type Range } from "../scale";
import type { Join, Measured, Run, Value } from "../store";
import { axisStyle, escapeHtml, tooltipStyle, type EChartsOption, type Look, type Panel } from "./chart";

const kOneRowOfLegend = 400; // all five entries beside each other

export function hasJoins(run: Run): boolean {
  return run.measured.some((m) => m.joins.length > 0);
}

export function joinRange(runs: readonly Run[]): Range {
  const values: Value[] = [];
  for (const run of runs) {
    for (const measured of run.measured) {
      for (const join of measured.joins) values.push(join.shortcut, join.branch, join.gate ?? null);
    }
  }
  return decadeRange(values, 2);
}

export function joinPanel(run: Run, current: () => Measured | undefined, range: () => Range): Panel {
  return {
    label: "What comes back through each residual block",
    option: (look, width) => option(run, current()?.joins ?? [], range(), look, width),
    describe: () => `At step ${current()?.step ?? "none"}: ${describe(current()?.joins ?? [])}`,
    table: () => ({
      head: ["block", "path", "layers", "shortcut", "branch", "cosine", "gate", "carried"],
      rows: (current()?.joins ?? []).map((join, i) => [
        String(i + 1),
        run.layers[join.layer]?.path ?? "",
        layersOf(join),
        magnitude(join.shortcut),
        magnitude(join.branch),
        cosine(join.cosine),
        magnitude(join.gate),
        percent(join.carried),
      ]),
    }),
  };
}

/** The linear layers inside, counted as the charts count. */
export function layersOf({ first, last }: Join): string {
  if (first === 0) return "no linear layer";
  return first === last ? `layer ${first}` : `layers ${first} to ${last}`;
}

function cosine(value: Value): string {
  return value === null ? "–" : value.toFixed(2).replace("-", "−");
}

function describe(joins: readonly Join[]): string {
  const larger = joins.filter((j) => j.branch !== null && j.shortcut !== null && j.branch > j.shortcut).length;
  return `${joins.length} residual blocks; in ${larger} of them more comes back through the branch than through the shortcut.`;
}

/** Above what came back by each way, below the cosine of the angle between the two. */
function option(run: Run, joins: readonly Join[], range: Range, look: Look, width: number): EChartsOption {
  const axis = axisStyle(look);
  const few = joins.length <= 60;
  const gates = joins.some((join) => join.carried !== undefined);
  const line = (name: string, value: (join: Join) => Value, colour: string, symbol: string, place = 0) => ({
    type: "line" as const,
    name,
    xAxisIndex: place,
    yAxisIndex: place,
    symbol,
    symbolSize: 6,
    showSymbol: few,
    connectNulls: false,
    lineStyle: { color: colour, width: 2 },
    itemStyle: { color: colour },
    data: joins.map((join, i) => [i + 1, value(join)] as [number, Value]),
  });
  const wrapped = gates && width < kOneRowOfLegend ? 22 : 0;
  const ticks = layerTicks(joins.length, width);
  const x = (index: number, last: boolean) => ({
    type: "value" as const,
    gridIndex: index,
    min: 1,
    max: Math.max(joins.length, 2),
    ...axis,
    splitLine: { show: false },
    axisTick: { ...axis.axisTick, customValues: ticks },
    axisLabel: { ...axis.axisLabel, show: last, customValues: ticks, formatter: String },
    ...(last ? { name: "input  ←  residual block  ←  loss", nameLocation: "middle" as const, nameGap: 26 } : {}),
  });
  const quiet = { axisLine: { show: false }, axisTick: { show: false }, splitLine: axis.splitLine };
  const title = { ...axis.nameTextStyle, align: "left" as const, padding: [0, 0, 4, -50] };
  const series: EChartsOption["series"] = [
    line("shortcut", (join) => join.shortcut, look.cause.residual_shortcut, "circle"),
    line("branch", (join) => join.branch, look.cause.residual_branch, "rect"),
    line("cosine", (join) => join.cosine, look.ink, "circle", 1),
  ];
  if (gates) {
    series.splice(2, 0, line("gate", (join) => join.gate ?? null, look.cause.residual_gate, "triangle"));
    series.push(line("carried", (join) => join.carried ?? null, look.act, "diamond", 1));
  }
  return {
    legend: { top: 0, left: 0, selectedMode: false, textStyle: { color: look.ink } },
    grid: [
      { left: 58, right: 24, top: 54 + wrapped, height: 150 - wrapped },
      { left: 58, right: 24, top: 240, bottom: 44 },
    ],
    tooltip: {
      ...tooltipStyle(look),
      trigger: "axis",
      formatter: (items: unknown) => tooltip(run, joins, items),
    },
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    xAxis: [x(0, false), x(1, true)],
    yAxis: [
      {
        type: "value",
        min: range.min,
        max: range.max,
        interval: decadeInterval(range, 4),
        name: "gradient at the block's input, root mean square",
        nameTextStyle: title,
        ...quiet,
        axisLabel: { ...axis.axisLabel, formatter: (y: number) => power(Math.round(y * 100) / 100) },
      },
      {
        type: "value",
        gridIndex: 1,
        min: -1,
        max: 1,
        interval: 1,
        name: gates ? "cosine of their angle; part of x carried on" : "cosine of their angle",
        nameTextStyle: title,
        ...quiet,
        axisLabel: { ...axis.axisLabel, formatter: (y: number) => String(y).replace("-", "−") },
      },
    ],
    series,
  };
}

function tooltip(run: Run, joins: readonly Join[], items: unknown): string {
  const first = Array.isArray(items) ? (items[0] as { value?: [number, number] }) : undefined;
  const i = (first?.value?.[0] ?? 1) - 1;
  const join = joins[i];
  if (!join) return "";
  const lines = [
    `shortcut <b>${magnitude(join.shortcut)}</b>`,
    `branch <b>${magnitude(join.branch)}</b>`,
    `cosine <b>${cosine(join.cosine)}</b>`,
  ];
  if (join.carried !== undefined) lines.push(`gate <b>${magnitude(join.gate)}</b>`, `carried <b>${percent(join.carried)}</b>`);
  return `<b>block ${i + 1}</b> ${escapeHtml(pathText(run, join.layer))}, ${layersOf(join)}<br>${lines.join("<br>")}`;
}
