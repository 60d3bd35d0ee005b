// SPDX-License-Identifier: Apache-2.0
import { magnitude, power } from "../format";
import type { Range } from "../scale";
import type { Value } from "../types";
import { axisStyle, tooltipStyle, type EChartsOption, type Look } from "./chart";

export interface HeatCell {
  x: number;
  y: number;
  value: Value;
  state: "ok" | "zero" | "nonfinite" | "absent";
}

/** Gradients in rows over the measured steps of a training, with what its rows and columns are called. */
export interface HeatChart {
  steps: readonly number[];
  rows: readonly string[]; // the lowest first
  cells: readonly HeatCell[];
  step: string; // "step"
  row: string; // "layer"
  rowTicks: number; // about as many labels
}

export function cellText(cell: HeatCell | undefined): string {
  if (!cell || cell.state === "absent") return "–";
  if (cell.state === "zero") return "0";
  return cell.state === "nonfinite" ? "NaN/Inf" : magnitude(cell.value);
}

/** The cells as a table, a row for each step. */
export function heatTable({ steps, rows, cells, row }: HeatChart) {
  return {
    head: ["step", ...rows.map((name) => `${row} ${name}`)],
    rows: steps.map((step, x) => [
      String(step),
      ...rows.map((_, y) => cellText(cells.find((c) => c.x === x && c.y === y))),
    ]),
  };
}

export function heatOption(chart: HeatChart, range: Range, look: Look, width: number): EChartsOption {
  const { steps, rows, cells } = chart;
  const axis = axisStyle(look);
  const every = (count: number, room: number) => Math.max(0, Math.ceil(count / room) - 1);
  return {
    grid: { left: 18 + 7 * Math.max(1, ...rows.map((name) => name.length)), right: 84, top: 12, bottom: 44 },
    tooltip: {
      ...tooltipStyle(look),
      formatter: (item: unknown) => {
        const [x, y] = (item as { value: [number, number] }).value;
        const cell = cells.find((c) => c.x === x && c.y === y);
        return `step ${steps[x]}, ${chart.row} ${rows[y]}<br><b>${cellText(cell)}</b>`;
      },
    },
    xAxis: {
      type: "category",
      data: steps.map(String),
      name: chart.step,
      nameLocation: "middle",
      nameGap: 26,
      ...axis,
      axisLabel: { ...axis.axisLabel, interval: every(steps.length, Math.max(2, width / 80)) },
      splitLine: { show: false },
    },
    yAxis: {
      type: "category",
      data: [...rows],
      ...axis,
      axisLabel: { ...axis.axisLabel, interval: every(rows.length, chart.rowTicks) },
      splitLine: { show: false },
    },
    visualMap: {
      type: "continuous",
      min: range.min,
      max: range.max,
      seriesIndex: 0,
      orient: "vertical",
      right: 0,
      top: "middle",
      itemHeight: 180,
      itemWidth: 12,
      inRange: { color: look.ramp },
      text: [power(range.max), power(range.min)],
      textStyle: { color: look.faint, fontSize: 11 },
      calculable: false,
      hoverLink: false,
    },
    series: [
      {
        type: "heatmap",
        data: cells.filter((c) => c.state === "ok").map((c) => [c.x, c.y, c.value]) as number[][],
        emphasis: { itemStyle: { borderColor: look.ink, borderWidth: 1 } },
      },
      {
        // Scatter marks over the empty cells, for a heat map has no colour for what is not a number.
        type: "scatter",
        symbolSize: 5,
        itemStyle: { color: look.alarm },
        data: cells
          .filter((c) => c.state === "zero" || c.state === "nonfinite")
          .map((c) => ({ value: [c.x, c.y], symbol: c.state === "zero" ? "triangle" : "diamond" })),
      },
    ],
  };
}
