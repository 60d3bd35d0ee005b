// SPDX-License-Identifier: Apache-2.0
import { percent, plain } from "../format";
import { flatFraction, quantityName, timeAt, type TimePlace } from "../time";
import type { Measured, TimeRecord, Value } from "../store";
import { axisStyle, tooltipStyle, type EChartsOption, type Look, type Panel } from "./chart";
import { timeAxis } from "./timeflow";

export function hasGates(places: readonly TimePlace[]): boolean {
  return places.some((place) => place.run.measured.some((m) => Object.keys(timeAt(place, m)?.gates ?? {}).length > 0));
}

export function hasShares(place: TimePlace): boolean {
  return place.run.measured.some((m) => Object.keys(timeAt(place, m)?.shares ?? {}).length > 1);
}

interface Curves {
  names: string[];
  value: (record: TimeRecord, name: string, i: number) => Value;
  format: (value: Value | undefined) => string;
  min: number;
  stacked: boolean;
}

function panel(label: string, place: TimePlace, current: () => Measured | undefined, curves: (record: TimeRecord | undefined) => Curves): Panel {
  const now = () => timeAt(place, current());
  return {
    label,
    option: (look) => option(now(), curves(now()), look),
    describe: () => {
      const record = now();
      const { names, value, format } = curves(record);
      if (!record || names.length === 0) return `${label}: nothing was measured.`;
      const last = record.t.length - 1;
      return `${label}, at the first and the last time step: ${names
        .map((name) => `${quantityName(name)} ${format(value(record, name, 0))} and ${format(value(record, name, last))}`)
        .join(", ")}.`;
    },
    table: () => {
      const record = now();
      const { names, value, format } = curves(record);
      return {
        head: ["time step", ...names.map(quantityName)],
        rows: (record?.t ?? []).map((t, i) => [String(t), ...names.map((name) => format(value(record!, name, i)))]),
      };
    },
  };
}

export function gateMeanPanel(place: TimePlace, current: () => Measured | undefined): Panel {
  return panel(`Mean: ${place.label}`, place, current, (record) => {
    const names = Object.keys(record?.gates ?? {});
    const signed = names.some((name) => name === "cell_gate" || name === "new_gate" || name === "h");
    return {
      names,
      value: (from, name, i) => from.gates[name]?.mean?.[i] ?? null,
      format: plain,
      min: signed ? -1 : 0,
      stacked: false,
    };
  });
}

export function gateFlatPanel(place: TimePlace, current: () => Measured | undefined): Panel {
  return panel(`In a flat end: ${place.label}`, place, current, (record) => ({
    names: Object.keys(record?.gates ?? {}),
    value: (from, name, i) => flatFraction(from.gates[name] ?? {}, i),
    format: percent,
    min: 0,
    stacked: false,
  }));
}

export function sharesPanel(place: TimePlace, current: () => Measured | undefined): Panel {
  return panel(place.label, place, current, (record) => ({
    names: Object.keys(record?.shares ?? {}),
    value: (from, name, i) => from.shares[name]?.[i] ?? null,
    format: percent,
    min: 0,
    stacked: true,
  }));
}

function option(record: TimeRecord | undefined, curves: Curves, look: Look): EChartsOption {
  const axis = axisStyle(look);
  return {
    grid: { left: 58, right: 24, top: curves.names.length > 4 ? 56 : 34, bottom: 44 },
    legend: { top: 0, left: 0, selectedMode: false, textStyle: { color: look.ink }, itemWidth: 18, itemGap: 12 },
    tooltip: {
      ...tooltipStyle(look),
      trigger: "axis",
      valueFormatter: (value: unknown) => curves.format(typeof value === "number" ? value : null),
    },
    xAxis: curves.stacked ? timeCategories(record, look) : timeAxis(record, look),
    yAxis: {
      type: "value",
      min: curves.min,
      max: 1,
      interval: curves.min < 0 ? 0.5 : 0.25,
      ...{ axisLine: { show: false }, splitLine: axis.splitLine },
      axisLabel: { ...axis.axisLabel, formatter: (y: number) => curves.format(y) },
    },
    series: curves.names.map((name) => ({
      type: "line" as const,
      name: quantityName(name),
      showSymbol: (record?.t.length ?? 0) < 3,
      ...(curves.stacked ? { stack: "all", areaStyle: { color: gateColour(name, look), opacity: 0.75 } } : {}),
      lineStyle: { color: gateColour(name, look), width: curves.stacked ? 0.5 : 2 },
      itemStyle: { color: gateColour(name, look) },
      data: (record?.t ?? []).map((t, i) => {
        const value = curves.value(record!, name, i);
        return curves.stacked ? value : [t, value];
      }) as number[],
    })),
  };
}

/** Areas stack by place, which only an axis of categories has. */
function timeCategories(record: TimeRecord | undefined, look: Look) {
  const { name, nameLocation, nameGap, nameTextStyle, ...axis } = timeAxis(record, look);
  const count = record?.t.length ?? 0;
  return {
    name, nameLocation, nameGap, nameTextStyle,
    type: "category" as const,
    boundaryGap: false,
    data: (record?.t ?? []).map(String),
    axisLine: axis.axisLine,
    axisTick: axis.axisTick,
    axisLabel: { ...axis.axisLabel, interval: Math.max(0, Math.ceil(count / 8) - 1) },
    splitLine: axis.splitLine,
  };
}

/** A gate and the way through it have one colour. */
function gateColour(name: string, look: Look): string {
  return look.gate[name.replace("grad_h_by_", "")] ?? look.faint;
}
