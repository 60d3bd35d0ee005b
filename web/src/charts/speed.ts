// SPDX-License-Identifier: Apache-2.0
import { magnitude, power } from "../format";
import { decadeInterval, thin, type Range } from "../scale";
import type { Run } from "../types";
import { axisStyle, tooltipStyle, type EChartsOption, type Look, type Panel } from "./chart";

const kRuleOfThumb = -3;

export function hasSpeed(run: Run): boolean {
  return run.measured.some((m) => m.flow.update_ratio.some((value) => value !== null));
}

export function speedPanel(run: Run, range: Range): Panel {
  const picked = thin(run.profile.length, 6);
  return {
    label: run.label,
    option: (look) => option(run, picked, range, look),
    describe: () => {
      const last = run.measured[run.measured.length - 1];
      const first = magnitude(last?.flow.update_ratio[0]);
      const end = magnitude(last?.flow.update_ratio[run.profile.length - 1]);
      return `Learning speed over the steps; at the end ${first} in layer 1 and ${end} in layer ${run.profile.length}.`;
    },
    table: () => ({
      head: ["step", ...picked.map((i) => `layer ${run.profile[i]?.depth ?? ""}`)],
      rows: run.measured.map((m) => [String(m.step), ...picked.map((i) => magnitude(m.flow.update_ratio[i]))]),
    }),
  };
}

/** The colour at `place` (0..1) of a ramp. */
function along(ramp: string[], place: number): string {
  return ramp[Math.round(place * (ramp.length - 1))] ?? "#888";
}

function option(run: Run, picked: number[], range: Range, look: Look): EChartsOption {
  const axis = axisStyle(look);
  // The palest end of the ramp would not show as a line.
  const ramp = look.ramp.slice(0, -1);
  return {
    grid: { left: 58, right: 20, top: 50, bottom: 44 },
    legend: { top: 0, left: 0, selectedMode: false, textStyle: { color: look.ink }, itemWidth: 18, itemGap: 12 },
    tooltip: {
      ...tooltipStyle(look),
      trigger: "axis",
      valueFormatter: (value: unknown) => magnitude(typeof value === "number" ? value : null),
    },
    xAxis: { type: "value", name: "step", nameLocation: "middle", nameGap: 26, min: "dataMin", max: "dataMax", ...axis, splitLine: { show: false }, axisLabel: { ...axis.axisLabel, formatter: String, hideOverlap: true } },
    yAxis: {
      type: "value",
      min: range.min,
      max: range.max,
      interval: decadeInterval(range),
      ...{ axisLine: { show: false }, splitLine: axis.splitLine },
      axisLabel: { ...axis.axisLabel, formatter: (y: number) => power(y) },
    },
    series: picked.map((i, k) => {
      const colour = along(ramp, picked.length < 2 ? 0 : k / (picked.length - 1));
      return {
        type: "line" as const,
        name: `layer ${run.profile[i]?.depth ?? i + 1}`,
        showSymbol: run.measured.length < 3,
        lineStyle: { color: colour, width: 2 },
        itemStyle: { color: colour },
        data: run.measured.map((m) => [m.step, m.flow.update_ratio[i] ?? null] as [number, number]),
        markLine:
          k === 0 && range.max >= kRuleOfThumb && range.min <= kRuleOfThumb
            ? {
                silent: true,
                symbol: "none",
                lineStyle: { color: look.faint, type: "dotted" as const },
                label: { position: "insideEndTop" as const, color: look.faint, formatter: "10⁻³, a usual speed" },
                data: [{ yAxis: kRuleOfThumb }],
              }
            : undefined,
      };
    }),
  };
}
