// SPDX-License-Identifier: Apache-2.0
import type { CustomSeriesRenderItemAPI, CustomSeriesRenderItemParams } from "echarts";
import { decades, magnitude, power } from "../format";
import { kCauseNames, waterfall, type Waterfall } from "../ledger";
import { decadeInterval, decadeRange, type Range } from "../scale";
import type { Measured, Run } from "../types";
import { axisStyle, tooltipStyle, type EChartsOption, type Look, type Panel } from "./chart";

/** One range for all runs and steps. */
export function waterfallRange(runs: readonly Run[]): Range {
  const levels = runs.flatMap((run) =>
    run.measured.flatMap((measured) =>
      waterfall(measured.ledger, run.layers).stairs.flatMap((stair) => [stair.from, stair.to]),
    ),
  );
  return decadeRange([...levels, 0]);
}

export function waterfallPanel(run: Run, current: () => Measured | undefined, range: Range): Panel {
  const fall = () => {
    const measured = current();
    return measured ? waterfall(measured.ledger, run.layers) : { groups: [], slots: 1, stairs: [] };
  };
  return {
    label: run.label,
    option: (look) => option(fall(), range, look),
    describe: () =>
      `Gradient ledger at step ${current()?.step ?? "none"}: from the loss to the input the gradient changes ` +
      `by a factor of ${magnitude(current()?.ledger.total)}.`,
    table: () => ({
      head: ["layers", "cause", "change in powers of ten", "gradient relative to the loss side"],
      rows: fall().stairs.map((stair) => [
        fall().groups[stair.group]?.label ?? "",
        kCauseNames[stair.cause],
        decades(stair.to - stair.from),
        magnitude(stair.to),
      ]),
    }),
  };
}

function option(fall: Waterfall, range: Range, look: Look): EChartsOption {
  const axis = axisStyle(look);
  // One rectangle for each stair; slots run from right (loss side) to left within a group.
  const renderItem = (_params: CustomSeriesRenderItemParams, api: CustomSeriesRenderItemAPI) => {
    const stair = fall.stairs[api.value(0) as number];
    if (!stair) return null;
    const from = api.coord([stair.group, stair.from]);
    const to = api.coord([stair.group, stair.to]);
    const size = api.size?.([1, 0]);
    const band = (Array.isArray(size) ? (size[0] ?? 0) : 0) * 0.92;
    const width = band / fall.slots;
    const x = (from[0] ?? 0) + band / 2 - (stair.slot + 1) * width;
    const y = Math.min(from[1] ?? 0, to[1] ?? 0);
    const height = Math.max(1.5, Math.abs((to[1] ?? 0) - (from[1] ?? 0)));
    return {
      type: "rect" as const,
      shape: { x, y, width: Math.max(1, width), height },
      style: { fill: look.cause[stair.cause] },
    };
  };
  return {
    grid: { left: 58, right: 16, top: 18, bottom: 44 },
    tooltip: {
      ...tooltipStyle(look),
      formatter: (item: unknown) => {
        const stair = fall.stairs[(item as { dataIndex: number }).dataIndex];
        if (!stair) return "";
        const group = fall.groups[stair.group]?.label ?? "";
        const change = decades(stair.to - stair.from);
        return `layer ${group}<br>${kCauseNames[stair.cause]} <b>${change}</b> powers of ten<br>leaves <b>${magnitude(stair.to)}</b>`;
      },
    },
    xAxis: {
      type: "category",
      data: fall.groups.map((group) => group.label),
      name: "input  ←  layer  ←  loss",
      nameLocation: "middle",
      nameGap: 26,
      ...axis,
      axisLabel: { ...axis.axisLabel, hideOverlap: true },
    },
    yAxis: {
      type: "value",
      min: range.min,
      max: range.max,
      interval: decadeInterval(range),
      ...{ axisLine: { show: false }, axisTick: { show: false }, splitLine: axis.splitLine },
      axisLabel: { ...axis.axisLabel, formatter: (y: number) => `×${power(y)}` },
    },
    series: [
      {
        type: "custom",
        renderItem,
        data: fall.stairs.map((stair, i) => [i, stair.group, stair.from, stair.to]),
        encode: { x: 1, y: [2, 3] },
        clip: true,
      },
    ],
  };
}
