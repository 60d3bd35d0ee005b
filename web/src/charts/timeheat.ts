// SPDX-License-Identifier: Apache-2.0
import { magnitude, power } from "../format";
import type { Range } from "../scale";
import { timeHeat, type TimeHeat, type TimePlace } from "../time";
import { axisStyle, tooltipStyle, type EChartsOption, type Look, type Panel } from "./chart";

export function timeHeatPanel(place: TimePlace, range: Range): Panel {
  const data = timeHeat(place);
  return {
    label: place.label,
    option: (look, width) => option(data, range, look, width),
    describe: () => `Gradient at ${data.times.length} time steps over ${data.steps.length} measured steps of the training.`,
    table: () => ({
      head: ["step", ...data.times.map((t) => `t = ${t}`)],
      rows: data.steps.map((step, x) => [
        String(step),
        ...data.times.map((_, y) => text(data.cells.find((c) => c.x === x && c.y === y))),
      ]),
    }),
  };
}

function text(cell: TimeHeat["cells"][number] | undefined): string {
  return cell?.zero ? "0" : magnitude(cell?.value);
}

function option(data: TimeHeat, range: Range, look: Look, width: number): EChartsOption {
  const axis = axisStyle(look);
  const every = (count: number, room: number) => Math.max(0, Math.ceil(count / room) - 1);
  return {
    grid: { left: 46, right: 84, top: 12, bottom: 44 },
    tooltip: {
      ...tooltipStyle(look),
      formatter: (item: unknown) => {
        const [x, y] = (item as { value: [number, number] }).value;
        const cell = data.cells.find((c) => c.x === x && c.y === y);
        return `step ${data.steps[x]}, time step ${data.times[y]}<br><b>${text(cell)}</b>`;
      },
    },
    xAxis: {
      type: "category",
      data: data.steps.map(String),
      name: "step of the training",
      nameLocation: "middle",
      nameGap: 26,
      ...axis,
      axisLabel: { ...axis.axisLabel, interval: every(data.steps.length, Math.max(2, width / 80)) },
      splitLine: { show: false },
    },
    yAxis: {
      type: "category",
      data: data.times.map(String),
      ...axis,
      axisLabel: { ...axis.axisLabel, interval: every(data.times.length, 10) },
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
        data: data.cells.filter((c) => c.value !== null).map((c) => [c.x, c.y, c.value]) as number[][],
        emphasis: { itemStyle: { borderColor: look.ink, borderWidth: 1 } },
      },
      {
        type: "scatter",
        symbol: "triangle",
        symbolSize: 5,
        itemStyle: { color: look.alarm },
        data: data.cells.filter((c) => c.zero).map((c) => [c.x, c.y]),
      },
    ],
  };
}
