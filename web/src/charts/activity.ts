// SPDX-License-Identifier: Apache-2.0
import { percent } from "../format";
import { layerTicks } from "../scale";
import type { Cursor } from "../cursor";
import type { Measured, Run, Value } from "../store";
import { axisStyle, tooltipStyle, type EChartsOption, type Look, type Panel } from "./chart";

export function hasActivity(run: Run): boolean {
  return run.measured.some((m) => m.flow.saturated_fraction.some((f) => f !== null));
}

/** Whether there is anything to see: a flat element or a dead unit at any step. */
export function showsActivity(run: Run): boolean {
  const some = (values: readonly Value[]) => values.some((f) => f !== null && f >= 5e-3);
  return run.measured.some((m) => some(m.flow.saturated_fraction) || some(m.flow.dead_fraction));
}

export function activityPanel(run: Run, cursor: Cursor): Panel {
  const current = () => cursor.of(run);
  const worst = (values: readonly Value[] | undefined) => {
    let at = -1;
    values?.forEach((value, i) => {
      if (value !== null && (at < 0 || value > values[at]!)) at = i;
    });
    return at < 0 ? "no layer" : `${percent(values![at])} in layer ${at + 1}`;
  };
  return {
    label: "Which units still pass it on",
    along: "layer",
    read: () => `layer ${cursor.layer + 1}: flat ${percent(current()?.flow.saturated_fraction[cursor.layer])}, dead ${percent(current()?.flow.dead_fraction[cursor.layer])}`,
    option: (look, width) => option(run, current(), look, width),
    describe: () => {
      const flow = current()?.flow;
      return `At step ${current()?.step ?? "none"}, at most: elements that are flat, ${worst(flow?.saturated_fraction)}; dead units, ${worst(flow?.dead_fraction)}.`;
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
      min: 0.5,
      max: run.profile.length + 0.5,
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
