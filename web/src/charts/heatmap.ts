// SPDX-License-Identifier: Apache-2.0
import { heat, type Heat } from "../heat";
import { magnitude, power } from "../format";
import type { Range } from "../scale";
import type { Run } from "../types";
import { axisStyle, tooltipStyle, type EChartsOption, type Look, type Panel } from "./chart";

export function heatPanel(run: Run, range: Range): Panel {
  const data = heat(run);
  return {
    label: run.label,
    option: (look, width) => option(data, range, look, width),
    describe: () =>
      `Flow gradient of ${run.profile.length} layers over ${data.steps.length} measured steps, ` +
      `from ${magnitude(range.min)} to ${magnitude(range.max)}.`,
    table: () => ({
      head: ["step", ...data.layers.map((layer) => `layer ${layer.label}`)],
      rows: data.steps.map((step, x) => [
        String(step),
        ...data.layers.map((_, y) => text(data.cells.find((c) => c.x === x && c.y === y))),
      ]),
    }),
  };
}

function text(cell: Heat["cells"][number] | undefined): string {
  if (!cell || cell.state === "absent") return "–";
  if (cell.state === "zero") return "0";
  return cell.state === "nonfinite" ? "NaN/Inf" : magnitude(cell.value);
}

function option(data: Heat, range: Range, look: Look, width: number): EChartsOption {
  const axis = axisStyle(look);
  const every = (count: number, room: number) => Math.max(0, Math.ceil(count / room) - 1);
  return {
    grid: { left: 18 + 7 * Math.max(...data.layers.map((layer) => layer.label.length)), right: 84, top: 12, bottom: 44 },
    tooltip: {
      ...tooltipStyle(look),
      formatter: (item: unknown) => {
        const [x, y] = (item as { value: [number, number] }).value;
        const cell = data.cells.find((c) => c.x === x && c.y === y);
        return `step ${data.steps[x]}, layer ${data.layers[y]?.label}<br><b>${text(cell)}</b>`;
      },
    },
    xAxis: {
      type: "category",
      data: data.steps.map(String),
      name: "step",
      nameLocation: "middle",
      nameGap: 26,
      ...axis,
      axisLabel: { ...axis.axisLabel, interval: every(data.steps.length, Math.max(2, width / 80)) },
      splitLine: { show: false },
    },
    yAxis: {
      type: "category",
      data: data.layers.map((layer) => layer.label),
      ...axis,
      axisLabel: { ...axis.axisLabel, interval: every(data.layers.length, 14) },
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
        data: data.cells.filter((c) => c.state === "ok").map((c) => [c.x, c.y, c.value]) as number[][],
        emphasis: { itemStyle: { borderColor: look.ink, borderWidth: 1 } },
      },
      {
        // Scatter marks over the empty cells, for a heat map has no colour for what is not a number.
        type: "scatter",
        symbolSize: 5,
        itemStyle: { color: look.alarm },
        data: data.cells
          .filter((c) => c.state === "zero" || c.state === "nonfinite")
          .map((c) => ({ value: [c.x, c.y], symbol: c.state === "zero" ? "triangle" : "diamond" })),
      },
    ],
  };
}
