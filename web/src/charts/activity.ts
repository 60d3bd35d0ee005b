// SPDX-License-Identifier: Apache-2.0
import { percent } from "../format";
import { layerTicks } from "../scale";
import type { Measured, Run } from "../types";
import { axisStyle, tooltipStyle, type EChartsOption, type Look, type Panel } from "./chart";

export function hasActivity(run: Run): boolean {
  return run.measured.some((m) => m.flow.saturated_fraction.some((f) => f !== null));
}

export function activityPanel(run: Run, current: () => Measured | undefined): Panel {
  return {
    label: run.label,
    option: (look, width) => option(run, current(), look, width),
    describe: () => {
      const flow = current()?.flow;
      const worst = Math.max(0, ...(flow?.saturated_fraction ?? []).map((f) => f ?? 0));
      const dead = Math.max(0, ...(flow?.dead_fraction ?? []).map((f) => f ?? 0));
      return `At most ${percent(worst)} of a layer's elements are flat and ${percent(dead)} of its units dead.`;
    },
    table: () => ({
      head: ["layer", "text", "flat", "dead units"],
      rows: run.profile.map((place, i) => [
        String(place.depth),
        place.text,
        percent(current()?.flow.saturated_fraction[i]),
        percent(current()?.flow.dead_fraction[i]),
      ]),
    }),
  };
}

function option(run: Run, measured: Measured | undefined, look: Look, width: number): EChartsOption {
  const axis = axisStyle(look);
  const line = (name: string, values: (number | null)[], colour: string, type: "solid" | "dashed") => ({
    type: "line" as const,
    name,
    step: "middle" as const,
    showSymbol: run.profile.length <= 60,
    symbolSize: 4,
    lineStyle: { color: colour, width: 2, type },
    itemStyle: { color: colour },
    areaStyle: { color: colour, opacity: 0.1 },
    data: values.map((value, i) => [i + 1, value] as [number, number]),
  });
  return {
    grid: { left: 58, right: 24, top: 34, bottom: 44 },
    legend: { top: 0, left: 0, selectedMode: false, textStyle: { color: look.ink } },
    tooltip: {
      ...tooltipStyle(look),
      trigger: "axis",
      valueFormatter: (value: unknown) => percent(typeof value === "number" ? value : null),
    },
    xAxis: {
      type: "value",
      min: 1,
      max: Math.max(run.profile.length, 2),
      name: "input  ←  layer  ←  loss",
      nameLocation: "middle",
      nameGap: 26,
      ...axis,
      splitLine: { show: false },
      axisTick: { ...axis.axisTick, customValues: layerTicks(run.profile.length, width) },
      axisLabel: { ...axis.axisLabel, customValues: layerTicks(run.profile.length, width), formatter: String },
    },
    yAxis: {
      type: "value",
      min: 0,
      max: 1,
      interval: 0.25,
      ...{ axisLine: { show: false }, splitLine: axis.splitLine },
      axisLabel: { ...axis.axisLabel, formatter: (y: number) => percent(y) },
    },
    series: [
      line("flat elements", measured?.flow.saturated_fraction ?? [], look.param, "solid"),
      line("dead units", measured?.flow.dead_fraction ?? [], look.alarm, "dashed"),
    ],
  };
}
