// SPDX-License-Identifier: Apache-2.0
import { BarChart, CustomChart, HeatmapChart, LineChart, ScatterChart } from "echarts/charts";
import {
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
} from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { EChartsOption } from "echarts";
import { h, table, type Table } from "../dom";
import { currentLook, type Look } from "../theme";

echarts.use([
  BarChart,
  CustomChart,
  HeatmapChart,
  LineChart,
  ScatterChart,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  VisualMapComponent,
  SVGRenderer,
]);

export type { EChartsOption, Look };

/** One chart of a figure: what it draws, and the same in words and in a table. */
export interface Panel {
  label: string;
  option: (look: Look, width: number) => EChartsOption;
  describe: () => string;
  table: () => Table;
}

interface Live {
  chart: echarts.ECharts;
  holder: HTMLElement;
  panel: Panel;
  followsStep: boolean;
  refreshTable: () => void;
}

const live: Live[] = [];

function draw(one: Live): void {
  const look = currentLook();
  one.chart.setOption({ ...base(look), ...one.panel.option(look, one.holder.clientWidth) }, true);
  one.holder.setAttribute("aria-label", one.panel.describe());
  one.refreshTable();
}

export function base(look: Look): EChartsOption {
  return {
    animation: false,
    backgroundColor: "transparent",
    textStyle: { fontFamily: look.font, color: look.ink, fontSize: 12 },
  };
}

/** Draws all charts again (other colours), or those alone that show the chosen step. */
export function redraw(onlyStep = false): void {
  for (const one of live) if (!onlyStep || one.followsStep) draw(one);
}

/** Fits all charts to their places at once; the print layout cannot wait for the observer. */
export function refit(): void {
  for (const one of live) {
    one.chart.resize();
    draw(one);
  }
}

/** A figure of one or more charts side by side, with how to read it and the numbers as a table; `named`: under
 * their labels. */
export function figure(
  id: string,
  panels: Panel[],
  how: string,
  { height = 340, followsStep = false, legend = null as HTMLElement | null, named = panels.length > 1 } = {},
): HTMLElement {
  const places = panels.map((panel) => {
    const holder = h("div", { class: "chart", role: "img", style: `height:${height}px` });
    return { panel, holder, element: h("div", { class: "panel" }, named ? caption(panel) : null, holder) };
  });
  const tables = places.map(({ panel }) => details(panel, named));
  const element = h(
    "figure",
    { id, class: panels.length > 1 ? "pair" : "single" },
    legend,
    h("div", { class: "panels" }, ...places.map((place) => place.element)),
    h("figcaption", {}, h("strong", {}, "How to read it. "), how),
    h("div", { class: "tables" }, ...tables.map((t) => t.element)),
  );
  // Charts measure their place, so they start when the figure stands in the page.
  queueMicrotask(() => {
    places.forEach(({ panel, holder }, i) => {
      const chart = echarts.init(holder, null, { renderer: "svg" });
      const one: Live = { chart, holder, panel, followsStep, refreshTable: tables[i]!.refresh };
      live.push(one);
      draw(one);
      let width = holder.clientWidth;
      new ResizeObserver(() => {
        if (holder.clientWidth === width || holder.clientWidth === 0) return;
        width = holder.clientWidth;
        chart.resize();
        draw(one);
      }).observe(holder);
    });
  });
  return element;
}

function caption(panel: Panel): HTMLElement {
  return h("h4", { title: panel.label }, panel.label);
}

// The rows are made when somebody looks: thousands of layers would double the page otherwise.
function details(panel: Panel, named: boolean): { element: HTMLElement; refresh: () => void } {
  const body = h("div");
  const title = named ? `The numbers: ${panel.label}` : "The numbers as a table";
  const element = h("details", {}, h("summary", {}, title), body);
  const refresh = () => {
    if (element.open) body.replaceChildren(table(panel.table(), title));
  };
  element.addEventListener("toggle", refresh);
  return { element, refresh };
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
