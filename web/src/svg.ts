// SPDX-License-Identifier: Apache-2.0
// The one way to draw: elements of SVG without a library, so that a page opens in a second. Colours are attributes and not
// classes, so that a drawing keeps them where it is copied to.

const kSvg = "http://www.w3.org/2000/svg";
export type Attributes = Record<string, string | number | undefined>;

/** An element of SVG; an attribute that is undefined is left out. */
export function s(tag: string, attributes: Attributes = {}, ...children: (Node | string)[]): SVGElement {
  const element = document.createElementNS(kSvg, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(name, typeof value === "number" ? round(value) : value);
  }
  element.append(...children);
  return element;
}

export function text(x: number, y: number, words: string, attributes: Attributes = {}): SVGElement {
  return s("text", { x, y, "font-size": 12, ...attributes }, words);
}

type Point = readonly [number, number];

/** "M x y L x y ..." through the points; a gap where one is missing or not finite. */
export function path(points: readonly (Point | null)[]): string {
  let pen = false;
  return points
    .map((point) => {
      if (!isThere(point)) {
        pen = false;
        return "";
      }
      const step = `${pen ? "L" : "M"}${round(point[0])} ${round(point[1])}`;
      pen = true;
      return step;
    })
    .join("");
}

function isThere(point: Point | null | undefined): point is Point {
  return !!point && Number.isFinite(point[0]) && Number.isFinite(point[1]);
}

function round(x: number): string {
  return String(Math.round(x * 100) / 100);
}

/** About `count` round values from least to most. */
export function ticks(least: number, most: number, count: number): number[] {
  const span = most - least;
  if (!(span > 0)) return [least];
  const step = roundStep(span, count);
  const result: number[] = [];
  for (let tick = Math.ceil(least / step) * step; tick <= most + step * 1e-9; tick += step) result.push(Math.abs(tick) < step * 1e-9 ? 0 : tick);
  return result;
}

/** The least of 1, 2, 5, 10, ... of which at most `count` fit into the span. */
export function roundStep(span: number, count: number): number {
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5].find((n) => n * power >= rough * (1 - 1e-12)) ?? 10);
}

/** A picture that grows by calls. */
export class Svg {
  readonly element: SVGElement;

  constructor(
    readonly width: number,
    readonly height: number,
    font: string,
  ) {
    this.element = s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "font-family": font, "aria-hidden": "true", focusable: "false" });
  }

  add(tag: string, attributes: Attributes, words?: string): this {
    this.element.append(s(tag, attributes, ...(words === undefined ? [] : [words])));
    return this;
  }
  line(x1: number, y1: number, x2: number, y2: number, stroke: string, width = 1, dash?: string): this {
    return this.add("line", { x1, y1, x2, y2, stroke, "stroke-width": width, "stroke-dasharray": dash });
  }
  text(x: number, y: number, words: string, fill: string, more: Attributes = {}): this {
    this.element.append(text(x, y, words, { fill, "font-size": 11, ...more }));
    return this;
  }
  /** Points joined; a null makes a gap. A point between two gaps is a dot. */
  path(points: readonly (Point | null)[], stroke: string, width: number, dash?: string): this {
    points.forEach((point, i) => {
      if (isThere(point) && !isThere(points[i - 1]) && !isThere(points[i + 1])) this.add("circle", { cx: point[0], cy: point[1], r: Math.max(2.5, width), fill: stroke });
    });
    const d = path(points);
    if (d === "") return this;
    return this.add("path", { d, fill: "none", stroke, "stroke-width": width, "stroke-dasharray": dash, "stroke-linejoin": "round" });
  }
}
