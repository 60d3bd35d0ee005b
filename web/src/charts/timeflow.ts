// SPDX-License-Identifier: Apache-2.0
import { magnitude, power } from "../format";
import { decadeInterval, decadeRange, type Range } from "../scale";
import { keptDiffers, timeAt, type TimePlace } from "../time";
import type { Measured, TimeRecord, Value } from "../store";
import { axisStyle, tooltipStyle, type EChartsOption, type Look, type Panel } from "./chart";

export function timeRange(places: readonly TimePlace[]): Range {
  const values: Value[] = [];
  for (const place of places) {
    for (const measured of place.run.measured) {
      const record = timeAt(place, measured);
      if (record) values.push(...record.gradient, ...(keptDiffers(record) ? record.kept : []));
    }
  }
  return decadeRange(values, 4);
}

export function timeFlowPanel(place: TimePlace, current: () => Measured | undefined, range: () => Range): Panel {
  return {
    label: place.label,
    option: (look) => option(timeAt(place, current()), range(), look),
    describe: () => describe(timeAt(place, current())),
    table: () => {
      const record = timeAt(place, current());
      return {
        head: ["time step", "gradient of the state", "of h", "of c", "kept from the last step"],
        rows: (record?.t ?? []).map((t, i) => [
          String(t),
          record?.zero.includes(t) ? "exactly zero" : magnitude(record?.gradient[i]),
          magnitude(record?.grad_h?.[i]),
          magnitude(record?.grad_c?.[i]),
          magnitude(record?.kept[i]),
        ]),
      };
    },
  };
}

function describe(record: TimeRecord | undefined): string {
  if (!record) return "No gradient through time was measured.";
  const { summary } = record;
  return `Over ${summary.steps} time steps the gradient keeps ${magnitude(summary.kept)} of its size.`;
}

/** An axis over time steps, the first on the left. */
export function timeAxis(record: TimeRecord | undefined, look: Look) {
  const axis = axisStyle(look);
  return {
    type: "value" as const,
    min: 0,
    max: Math.max((record?.time_steps ?? 2) - 1, 1),
    minInterval: 1,
    name: record?.reverse ? "first to leave  →  time step  →  first to come" : "first  ←  time step  ←  last",
    nameLocation: "middle" as const,
    nameGap: 26,
    ...axis,
    splitLine: { show: false },
    axisLabel: { ...axis.axisLabel, formatter: String, hideOverlap: true },
  };
}

function option(record: TimeRecord | undefined, range: Range, look: Look): EChartsOption {
  const axis = axisStyle(look);
  const few = (record?.t.length ?? 0) <= 30;
  const line = (name: string, values: Value[] | undefined, colour: string, width: number, type: "solid" | "dashed" | "dotted") => ({
    type: "line" as const,
    name,
    showSymbol: few && width > 2,
    symbolSize: 5,
    lineStyle: { color: colour, width, type },
    itemStyle: { color: colour },
    data: (record?.t ?? []).map((t, i) => [t, values?.[i] ?? null] as [number, number]),
  });
  const series: Record<string, unknown>[] = [];
  if (record) {
    const cell = record.grad_c !== undefined;
    series.push({
      ...line(cell ? "gradient of the state (h and c)" : "gradient of the state (dLoss/dh)", record.gradient, look.flow, 2.5, "solid"),
      areaStyle: { color: look.flow, opacity: 0.12, origin: "start" },
    });
    if (cell) {
      series.push(line("of h alone", record.grad_h, look.param, 1.5, "solid"));
      series.push(line("of c alone", record.grad_c, look.act, 1.5, "dashed"));
    }
    if (keptDiffers(record)) series.push(line("kept from the last step alone", record.kept, look.alarm, 1.8, "dotted"));
    series.push({
      type: "scatter",
      name: "exactly zero",
      symbol: "triangle",
      symbolSize: 7,
      itemStyle: { color: look.alarm },
      data: record.zero.map((t) => [t, range.min]),
    });
  }
  return {
    grid: { left: 58, right: 24, top: 34, bottom: 44 },
    legend: {
      top: 0, left: 0, selectedMode: false, textStyle: { color: look.ink }, itemWidth: 22,
      data: series.slice(0, -1).map((one) => String(one.name)),
    },
    tooltip: {
      ...tooltipStyle(look),
      trigger: "axis",
      valueFormatter: (value: unknown) => magnitude(typeof value === "number" ? value : null),
    },
    xAxis: timeAxis(record, look),
    yAxis: {
      type: "value",
      min: range.min,
      max: range.max,
      interval: decadeInterval(range),
      ...{ axisLine: { show: false }, axisTick: { show: false }, splitLine: axis.splitLine },
      axisLabel: { ...axis.axisLabel, formatter: (y: number) => power(Math.round(y * 100) / 100) },
    },
    series: series as EChartsOption["series"],
  };
}
