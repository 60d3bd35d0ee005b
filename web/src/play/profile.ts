// SPDX-License-Identifier: Apache-2.0
// The gradient at every layer: measured, as theory has it, and what a number format keeps of it.
import { magnitude, power } from "../format";
import type { Look } from "../theme";
import { kFormats, type Pass } from "./engine/network";
import type { State } from "./state";
import { path, s, text, ticks } from "../svg";

const kLog10Of2 = Math.log10(2);

export interface ProfileData {
  pass: Pass;
  theory: number[]; // log2, from the input up
}

interface Frame {
  left: number;
  right: number;
  top: number;
  bottom: number;
  x(layer: number): number; // from 1
  y(log10: number): number;
}

function bounds(values: number[]): [number, number] {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return [-4, 0];
  const least = Math.floor(Math.min(...finite) - 0.1);
  const most = Math.ceil(Math.max(...finite) + 0.1);
  return most - least >= 4 ? [least, most] : [most - 4, most];
}

/** Fills `into` (an svg) at its size. */
export function drawProfile(into: SVGElement, data: ProfileData, state: State, look: Look, size: { width: number; height: number }): void {
  const { width, height } = size;
  const layers = data.pass.readings.length;
  const flow = data.pass.readings.map((reading) => reading.gradZ * kLog10Of2);
  const weights = data.pass.readings.map((reading) => reading.gradWeight * kLog10Of2);
  const theory = data.theory.map((value) => value * kLog10Of2);
  const isLog = state.scale === "log";
  const [least, most] = bounds([...flow, ...weights]);
  const largest = 10 ** Math.max(...flow.filter(Number.isFinite), -300);
  const frame: Frame = {
    left: 62,
    right: width - 12,
    top: 14,
    bottom: height - 38,
    x: (layer) => frame.left + 8 + ((layer - 1) / Math.max(1, layers - 1)) * (frame.right - frame.left - 16),
    y: (log10) => {
      const share = isLog ? (log10 - least) / (most - least) : 10 ** log10 / largest / 1.06;
      return frame.bottom - Math.min(1.02, Math.max(-0.02, share)) * (frame.bottom - frame.top);
    },
  };
  into.setAttribute("viewBox", `0 0 ${width} ${height}`);
  into.setAttribute("font-family", look.font);
  const parts: SVGElement[] = [grid(frame, isLog, least, most, largest, look), bottomAxis(frame, layers, look)];
  if (isLog) parts.push(...formatLimit(frame, state, least, most, look));
  const line = (values: number[], attributes: Record<string, string | number>) =>
    s("path", { d: path(values.map((v, i) => [frame.x(i + 1), frame.y(v)] as const)), fill: "none", "stroke-linejoin": "round", ...attributes });
  if (isLog) parts.push(line(weights, { stroke: look.param, "stroke-width": 2 }));
  parts.push(line(flow, { stroke: look.flow, "stroke-width": 3 }));
  parts.push(line(theory, { stroke: look.theory, "stroke-width": 2, "stroke-dasharray": "6 6" }));
  const radius = layers > 60 ? 2 : 3.2;
  flow.forEach((value, i) => {
    if (!Number.isFinite(value)) return;
    const chosen = i + 1 === state.layer;
    parts.push(
      s("circle", {
        cx: frame.x(i + 1).toFixed(1),
        cy: frame.y(value).toFixed(1),
        r: chosen ? 6 : radius,
        fill: chosen ? look.surface : look.flow,
        stroke: look.flow,
        "stroke-width": chosen ? 3 : 0,
      }, s("title", {}, `layer ${i + 1}: ${magnitude(value)}`)),
    );
  });
  into.replaceChildren(...parts);
}

/** The layer under a point of the drawing. */
export function layerAt(x: number, width: number, layers: number): number {
  const share = (x - 70) / (width - 12 - 62 - 16);
  return Math.min(layers, Math.max(1, Math.round(share * (layers - 1)) + 1));
}

function grid(frame: Frame, isLog: boolean, least: number, most: number, largest: number, look: Look): SVGElement {
  const group = s("g", { stroke: look.line, fill: look.faint });
  const values = isLog ? ticks(least, most, 6).filter(Number.isInteger) : ticks(0, largest, 5);
  for (const value of values) {
    const y = frame.y(isLog ? value : Math.log10(value));
    const label = isLog ? power(value) : value === 0 ? "0" : magnitude(Math.log10(value));
    group.append(
      s("line", { x1: frame.left, x2: frame.right, y1: y, y2: y }),
      text(frame.left - 8, y + 4, label, { "text-anchor": "end", stroke: "none" }),
    );
  }
  return group;
}

function bottomAxis(frame: Frame, layers: number, look: Look): SVGElement {
  const group = s("g", { fill: look.faint });
  const every = Math.max(1, Math.ceil(layers / 8));
  for (let layer = 1; layer <= layers; layer += every) {
    group.append(text(frame.x(layer), frame.bottom + 17, String(layer), { "text-anchor": "middle" }));
  }
  group.append(
    text(frame.left, frame.bottom + 34, "← input"),
    text((frame.left + frame.right) / 2, frame.bottom + 34, "layer", { "text-anchor": "middle" }),
    text(frame.right, frame.bottom + 34, "loss →", { "text-anchor": "end" }),
  );
  return group;
}

function formatLimit(frame: Frame, state: State, least: number, most: number, look: Look): SVGElement[] {
  const format = kFormats.find((one) => one.name === state.format)!;
  const limit = (format.smallest - 1) * kLog10Of2;
  if (limit <= least) return [];
  const y = frame.y(Math.min(limit, most));
  return [
    s("rect", { x: frame.left, width: frame.right - frame.left, y, height: Math.max(0, frame.bottom - y), fill: look.alarm, opacity: 0.1 }),
    s("line", { x1: frame.left, x2: frame.right, y1: y, y2: y, stroke: look.alarm, "stroke-dasharray": "3 4" }),
    text(frame.right - 6, frame.bottom - 8, `${format.name} keeps nothing below ${magnitude(limit)}`, { "text-anchor": "end", fill: look.alarm }),
  ];
}
