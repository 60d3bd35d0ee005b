// SPDX-License-Identifier: Apache-2.0
import { percent, plain, shorten } from "../format";
import { thin } from "../scale";
import type { Run, Value } from "../types";
import { axisStyle, tooltipStyle, type EChartsOption, type Look, type Panel } from "./chart";

type Metric = "loss" | "accuracy";

export function has(runs: readonly Run[], metric: Metric): boolean {
  return runs.some((run) => run.series[metric].some((value) => value !== null));
}

/** All runs in one chart: the curves are few, and what matters is the difference. */
export function metricPanel(runs: readonly Run[], metric: Metric): Panel {
  const format = metric === "loss" ? plain : percent;
  return {
    label: metric === "loss" ? "Loss" : "Accuracy",
    option: (look) => option(runs, metric, look),
    describe: () =>
      runs
        .map((run) => {
          const values = run.series[metric].filter((value) => value !== null);
          return `${run.label}: ${metric} from ${format(values[0])} to ${format(values[values.length - 1])}.`;
        })
        .join(" "),
    table: () => ({
      head: ["run", "step", `training ${metric}`, `validation ${metric}`],
      rows: runs.flatMap((run) =>
        thin(run.series.step.length, 50).map((i) => [
          shorten(run.label, 40),
          String(run.series.step[i]),
          format(run.series[metric][i]),
          format(run.series.validation.find((v) => v.step === run.series.step[i])?.[metric]),
        ]),
      ),
    }),
  };
}

function option(runs: readonly Run[], metric: Metric, look: Look): EChartsOption {
  const axis = axisStyle(look);
  const loss = metric === "loss";
  const log = loss && spansDecades(runs);
  const pairs = (steps: number[], values: Value[]) =>
    steps.map((step, i) => [step, log && (values[i] ?? 0) <= 0 ? null : (values[i] ?? null)] as [number, number]);
  return {
    grid: { left: 58, right: 20, top: 16 + 20 * runs.length * 2, bottom: 44 },
    legend: {
      top: 0,
      left: 0,
      orient: "vertical",
      itemGap: 4,
      selectedMode: false,
      textStyle: { color: look.ink },
      itemWidth: 22,
    },
    tooltip: {
      ...tooltipStyle(look),
      trigger: "axis",
      valueFormatter: (value: unknown) =>
        (loss ? plain : percent)(typeof value === "number" ? value : null),
    },
    xAxis: { type: "value", name: "step", nameLocation: "middle", nameGap: 26, min: "dataMin", max: "dataMax", ...axis, splitLine: { show: false }, axisLabel: { ...axis.axisLabel, formatter: String, hideOverlap: true } },
    yAxis: {
      type: log ? "log" : "value",
      min: loss ? undefined : 0,
      max: loss ? undefined : 1,
      scale: true,
      ...{ axisLine: { show: false }, splitLine: axis.splitLine },
      axisLabel: { ...axis.axisLabel, formatter: (y: number) => (loss ? plain(y) : percent(y)) },
    } as EChartsOption["yAxis"],
    series: runs.flatMap((run, i) => {
      const colour = look.runs[i % look.runs.length];
      const name = runs.length > 1 ? `${shorten(run.label, 34)}, ` : "";
      const single = run.series.step.length < 3;
      const lines: Record<string, unknown>[] = [
        {
          type: "line",
          name: `${name}training`,
          showSymbol: single,
          lineStyle: { color: colour, width: 1.6 },
          itemStyle: { color: colour },
          data: pairs(run.series.step, run.series[metric]),
        },
      ];
      const validation = run.series.validation;
      if (validation.some((v) => v[metric] !== null)) {
        lines.push({
          type: "line",
          name: `${name}validation`,
          symbol: "emptyCircle",
          symbolSize: 6,
          showAllSymbol: false,
          lineStyle: { color: colour, width: 1.6, type: "dashed" },
          itemStyle: { color: colour },
          data: pairs(
            validation.map((v) => v.step),
            validation.map((v) => v[metric]),
          ),
        });
      }
      return lines;
    }) as EChartsOption["series"],
  };
}

function spansDecades(runs: readonly Run[]): boolean {
  const values = runs.flatMap((run) => run.series.loss).filter((v): v is number => v !== null && v > 0);
  return values.length > 1 && Math.max(...values) / Math.min(...values) > 50;
}
