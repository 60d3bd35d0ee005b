// SPDX-License-Identifier: Apache-2.0
import type { Cursor, Moved } from "../cursor";
import { h } from "../dom";
import { table, type Table } from "../frame";
import { currentLook, type Look } from "../theme";
import { axisStyle, disposeEChart, drawEChart, escapeHtml, tooltipStyle, type EChartsOption } from "./echart";

export { axisStyle, escapeHtml, tooltipStyle };
export type { EChartsOption, Look };

/** Where a drawn chart has its data: from a value on its horizontal axis to a column of the place, and back. */
export interface Frame {
  top: number;
  bottom: number;
  x: (value: number) => number;
  value: (x: number) => number;
}

/** One chart of a figure: what it draws, and the same in words and in a table. It is drawn by ECharts from its `option`, or
 * by itself. */
export interface Panel {
  label: string;
  option?: (look: Look, width: number) => EChartsOption;
  draw?: (place: HTMLElement, look: Look, width: number, height: number) => Frame | null;
  describe: () => string;
  table: () => Table;
  /** What its horizontal axis is; the cursor moves along it. Layers are counted from 1. */
  along?: "layer" | "step";
  /** The values at the cursor, in words. */
  read?: () => string;
  /** The lines of a tooltip at a point of the chart; null: none there. */
  at?: (value: number, y: number) => string[] | null;
}

export interface FigureOptions {
  height?: number;
  /** What moves it: it is drawn again then. */
  follows?: readonly Moved[];
  cursor?: Cursor | undefined;
  legend?: HTMLElement | null;
  named?: boolean;
}

/** Above and below the axes of the charts that ECharts draws. */
const kInset = { top: 34, bottom: 44 };

interface Live {
  holder: HTMLElement;
  place: HTMLElement;
  panel: Panel;
  height: number;
  follows: readonly Moved[];
  frame: Frame | null;
  stale: boolean;
  seen: boolean;
  cursor: Cursor | undefined;
  line: HTMLElement;
  readout: HTMLElement;
  refreshTable: () => void;
}

let live: Live[] = [];

interface Observers {
  sight: IntersectionObserver;
  sizes: ResizeObserver;
}

let observers: Observers | undefined;

/** Charts out of sight wait until they come into it: a long page is there at once. */
function observe(): Observers {
  observers ??= {
    sight: new IntersectionObserver(
      (entries) => {
        for (const entry of entries) {
          const one = live.find((other) => other.holder === entry.target);
          if (!one) continue;
          one.seen = entry.isIntersecting;
          if (one.seen && one.stale) draw(one);
        }
      },
      { rootMargin: "400px" },
    ),
    sizes: new ResizeObserver((entries) => {
      for (const entry of entries) {
        const one = live.find((other) => other.holder === entry.target);
        const width = one?.holder.clientWidth ?? 0;
        if (!one || width === 0 || width === Number(one.holder.dataset.width ?? 0)) continue;
        one.stale = true;
        if (one.seen) draw(one);
      }
    }),
  };
  return observers;
}

function draw(one: Live): void {
  const width = one.holder.clientWidth;
  if (width === 0) return;
  const look = currentLook();
  one.stale = false;
  one.holder.dataset.width = String(width);
  const { panel, place } = one;
  if (panel.draw) {
    one.frame = panel.draw(place, look, width, one.height);
  } else if (panel.option) {
    const chart = drawEChart(place, panel.option(look, width), look);
    one.frame = panel.along
      ? {
          top: kInset.top,
          bottom: one.height - kInset.bottom,
          x: (value) => Number(chart.convertToPixel({ xAxisIndex: 0 }, value)),
          value: (x) => Number(chart.convertFromPixel({ xAxisIndex: 0 }, x)),
        }
      : null;
  }
  one.holder.setAttribute("aria-label", `${panel.label}. ${panel.describe()}`);
  one.refreshTable();
  mark(one);
}

/** The line of the cursor, and what stands there in words. */
function mark(one: Live): void {
  const { panel, cursor, line, frame } = one;
  const value = cursor && panel.along ? (panel.along === "layer" ? cursor.layer + 1 : (cursor.step ?? 0)) : NaN;
  const x = frame && panel.along ? frame.x(value) : NaN;
  line.hidden = !Number.isFinite(x) || x < 0 || x > one.holder.clientWidth;
  if (!line.hidden && frame) {
    line.style.left = `${x.toFixed(1)}px`;
    line.style.top = `${frame.top}px`;
    line.style.height = `${frame.bottom - frame.top}px`;
  }
  one.readout.textContent = panel.read?.() ?? "";
}

/** Draws all charts again (other colours), those at once that are in sight. */
export function redraw(): void {
  for (const one of live) {
    one.stale = true;
    if (one.seen) draw(one);
  }
}

/** Draws all charts in their places at once; the print layout cannot wait until they are seen. */
export function refit(): void {
  for (const one of live) draw(one);
}

/** Charts of what is not on the page any more are forgotten. */
export function forgetCharts(inside: HTMLElement): void {
  live = live.filter((one) => {
    if (!inside.contains(one.holder)) return true;
    observe().sight.unobserve(one.holder);
    observe().sizes.unobserve(one.holder);
    disposeEChart(one.place);
    return false;
  });
}

let due: Set<Moved> | undefined;

/** All charts follow the cursor, once a frame however fast it moves. */
export function followCursor(cursor: Cursor): void {
  cursor.onMove((moved) => {
    if (due) {
      due.add(moved);
      return;
    }
    due = new Set([moved]);
    requestAnimationFrame(() => {
      const all = due!;
      due = undefined;
      for (const one of live) {
        if (one.cursor !== cursor) continue;
        if (one.follows.some((what) => all.has(what))) one.stale = true;
        if (!one.seen) continue;
        if (one.stale) draw(one);
        else mark(one);
      }
    });
  });
}

/** A figure of one or more charts side by side, with how to read it and the numbers as a table; `named`: under
 * their labels. */
export function figure(id: string, panels: Panel[], how: string, options: FigureOptions = {}): HTMLElement {
  const { height = 340, follows = [], cursor, legend = null, named = panels.length > 1 } = options;
  const places = panels.map((panel) => {
    const place = h("div", { class: "drawing" });
    const line = h("div", { class: "cursor", hidden: true });
    const holder = h("div", { class: "chart", role: "group", "aria-roledescription": "chart", tabindex: 0, "aria-label": panel.label });
    holder.style.height = `${height}px`;
    holder.append(place, line);
    const readout = h("p", { class: "readout", role: "status" });
    return { panel, holder, place, line, readout, element: h("div", { class: "panel" }, named ? h("p", { class: "label" }, panel.label) : null, holder, readout) };
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
  places.forEach(({ panel, holder, place, line, readout }, i) => {
    const one: Live = {
      holder, place, panel, height, follows, cursor, line, readout,
      frame: null, stale: true, seen: false, refreshTable: tables[i]!.refresh,
    };
    live.push(one);
    if (cursor && panel.along) listen(one, cursor);
    if (panel.draw && panel.at) hover(one);
    observe().sight.observe(holder);
    observe().sizes.observe(holder);
  });
  return element;
}

function listen(one: Live, cursor: Cursor): void {
  const { holder, panel } = one;
  const sideways = (by: number) => (panel.along === "layer" ? cursor.toLayer(cursor.layer + by) : cursor.toPlace(cursor.place + by));
  const upwards = (by: number) => (panel.along === "layer" ? cursor.toPlace(cursor.place + by) : cursor.toLayer(cursor.layer + by));
  const keys: Record<string, () => void> = {
    ArrowLeft: () => sideways(-1),
    ArrowRight: () => sideways(1),
    ArrowUp: () => upwards(1),
    ArrowDown: () => upwards(-1),
    Home: () => sideways(-1e9),
    End: () => sideways(1e9),
    "+": () => cursor.zoom(true),
    "-": () => cursor.zoom(false),
  };
  holder.addEventListener("keydown", (event) => {
    const act = keys[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  });
  holder.addEventListener("click", (event) => {
    if (!one.frame) return;
    const value = one.frame.value(event.clientX - holder.getBoundingClientRect().left);
    if (!Number.isFinite(value)) return;
    if (panel.along === "layer") cursor.toLayer(value - 1);
    else cursor.toStep(value);
  });
}

function hover(one: Live): void {
  const tip = h("div", { class: "tip", hidden: true, "aria-hidden": "true" });
  one.holder.append(tip);
  one.holder.addEventListener("pointermove", (event) => {
    const box = one.holder.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const lines = one.frame && y >= one.frame.top - 2 && y <= one.frame.bottom + 2 ? (one.panel.at?.(one.frame.value(x), y) ?? null) : null;
    tip.hidden = !lines;
    if (!lines) return;
    tip.replaceChildren(...lines.map((text, i) => h(i === 0 ? "strong" : "span", {}, text)));
    const right = x > box.width / 2;
    tip.style.left = right ? "auto" : `${x + 14}px`;
    tip.style.right = right ? `${box.width - x + 14}px` : "auto";
    tip.style.top = `${Math.max(0, Math.min(y - 10, one.height - tip.clientHeight))}px`;
  });
  one.holder.addEventListener("pointerleave", () => {
    tip.hidden = true;
  });
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
