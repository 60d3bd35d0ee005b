// SPDX-License-Identifier: Apache-2.0
// Small drawings without a library: the page has to open in a second.

const kSvg = "http://www.w3.org/2000/svg";
type Attributes = Record<string, string | number>;

/** An SVG element. Colours are attributes and not classes, so that a drawing keeps them where it is copied to. */
export function s(tag: string, attributes: Attributes = {}, ...children: (Node | string)[]): SVGElement {
  const element = document.createElementNS(kSvg, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

export function text(x: number, y: number, words: string, attributes: Attributes = {}): SVGElement {
  return s("text", { x, y, "font-size": 12, ...attributes }, words);
}

/** "M x y L x y ..." through the finite points; a gap where one is not. */
export function path(points: readonly (readonly [number, number])[]): string {
  let pen = false;
  return points
    .map(([x, y]) => {
      if (!Number.isFinite(x) || !Number.isFinite(y)) {
        pen = false;
        return "";
      }
      const step = `${pen ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
      pen = true;
      return step;
    })
    .join("");
}

/** About `count` round values from least to most. */
export function ticks(least: number, most: number, count: number): number[] {
  const span = most - least;
  if (!(span > 0)) return [least];
  const rough = span / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((candidate) => candidate >= rough) ?? 10 * power;
  const result: number[] = [];
  for (let tick = Math.ceil(least / step) * step; tick <= most + step * 1e-9; tick += step) result.push(Math.abs(tick) < step * 1e-9 ? 0 : tick);
  return result;
}
