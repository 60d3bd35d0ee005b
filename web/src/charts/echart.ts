// SPDX-License-Identifier: Apache-2.0
import { BarChart, CustomChart, HeatmapChart, LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { EChartsOption } from "echarts";
import type { Look } from "../theme";

echarts.use([
  BarChart, CustomChart, HeatmapChart, LineChart, ScatterChart, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent,
  VisualMapComponent, SVGRenderer,
]);

export type { EChartsOption };

/** Draws the option into the place; the chart that is there is used again. */
export function drawEChart(place: HTMLElement, option: EChartsOption, look: Look): echarts.ECharts {
  let chart = echarts.getInstanceByDom(place);
  if (!chart) {
    chart = echarts.init(place, null, { renderer: "svg" });
    place.firstElementChild?.setAttribute("aria-hidden", "true");
  }
  chart.resize();
  chart.setOption({ ...base(look), ...option }, true);
  return chart;
}

export function disposeEChart(place: HTMLElement): void {
  echarts.getInstanceByDom(place)?.dispose();
}

function base(look: Look): EChartsOption {
  return {
    animation: false,
    backgroundColor: "transparent",
    textStyle: { fontFamily: look.font, color: look.ink, fontSize: 12 },
  };
}

/** Axis and tooltip parts that all charts share. */
export function axisStyle(look: Look) {
  return {
    axisLine: { lineStyle: { color: look.line } },
    axisTick: { lineStyle: { color: look.line } },
    axisLabel: { color: look.faint, fontSize: 11 },
    splitLine: { lineStyle: { color: look.line, width: 1 } },
    nameTextStyle: { color: look.faint, fontSize: 11 },
  };
}

export function tooltipStyle(look: Look) {
  return {
    backgroundColor: look.surface,
    borderColor: look.line,
    textStyle: { color: look.ink, fontSize: 12, fontFamily: look.font },
    confine: true,
  };
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
