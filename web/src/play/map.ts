// SPDX-License-Identifier: Apache-2.0
// The map of gain and depth: what is left of the gradient at layer 1, by mean-field theory, with a dot to drag.
import { h } from "../dom";
import type { Look } from "../theme";
import { gainAt, kGains, kMapDepth } from "./engine/theory";
import type { State } from "./state";
import { path, s, text } from "../svg";

const kHealthyDecades = 2; // our choice: a factor of 100 from the last layer to layer 1, as docs/rules/vanishing_gradient.md has it
const kFullDecades = 10;
const kMargin = { left: 40, right: 10, top: 10, bottom: 40 };

type Rgb = [number, number, number];

function rgb(colour: string): Rgb {
  const digits = colour.replace("#", "");
  return [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16)) as Rgb;
}

/** Left of the map to its right, 0..1. */
export function placeOfGain(gain: number): number {
  return Math.log(gain / kGains.least) / Math.log(kGains.most / kGains.least);
}

export function gainOfPlace(share: number): number {
  return kGains.least * (kGains.most / kGains.least) ** Math.min(1, Math.max(0, share));
}

export class Map2d {
  readonly element: HTMLElement;
  readonly canvas = h("canvas", { width: kGains.count, height: kMapDepth, "aria-hidden": "true" });
  private readonly overlay = s("svg", { "aria-hidden": "true" });
  readonly surface: HTMLElement;
  private values: Float64Array[] = [];

  constructor(private readonly move: (change: { gain: number; depth: number }) => void) {
    this.surface = h(
      "div",
      { class: "map-surface", tabindex: 0, role: "application", "aria-label": "Map of gain and depth. The arrow keys move the dot." },
      this.canvas,
    );
    this.surface.append(this.overlay);
    this.element = h("div", { class: "map" }, this.surface);
    const follow = (event: PointerEvent) => this.point(event);
    this.surface.addEventListener("pointerdown", (event) => {
      this.surface.setPointerCapture(event.pointerId);
      follow(event);
      this.surface.addEventListener("pointermove", follow);
    });
    const release = () => this.surface.removeEventListener("pointermove", follow);
    this.surface.addEventListener("pointerup", release);
    this.surface.addEventListener("pointercancel", release);
    this.surface.addEventListener("keydown", (event) => this.key(event));
  }

  private state: State | null = null;

  private inner(): { left: number; top: number; width: number; height: number } {
    const { clientWidth, clientHeight } = this.surface;
    return {
      left: kMargin.left,
      top: kMargin.top,
      width: Math.max(1, clientWidth - kMargin.left - kMargin.right),
      height: Math.max(1, clientHeight - kMargin.top - kMargin.bottom),
    };
  }

  private point(event: PointerEvent): void {
    const box = this.surface.getBoundingClientRect();
    const inner = this.inner();
    const x = (event.clientX - box.left - inner.left) / inner.width;
    const y = (event.clientY - box.top - inner.top) / inner.height;
    this.move({ gain: gainOfPlace(x), depth: Math.round(kMapDepth - Math.min(1, Math.max(0, y)) * (kMapDepth - 1)) });
  }

  private key(event: KeyboardEvent): void {
    const state = this.state;
    if (!state) return;
    const far = event.shiftKey ? 5 : 1;
    const moves: Record<string, [number, number]> = { ArrowLeft: [-far, 0], ArrowRight: [far, 0], ArrowUp: [0, far], ArrowDown: [0, -far] };
    const by = moves[event.key];
    if (!by) return;
    event.preventDefault();
    this.move({ gain: gainOfPlace(placeOfGain(state.gain) + by[0] / 60), depth: state.depth + by[1] });
  }

  /** Of mean-field theory, [gain][depth - 1] in log10; drawn anew. */
  setValues(values: Float64Array[], look: Look): void {
    this.values = values;
    const context = this.canvas.getContext("2d")!;
    const image = context.createImageData(kGains.count, kMapDepth);
    const paper = rgb(look.surface);
    const low = rgb(look.flow);
    const high = rgb(look.alarm);
    for (let column = 0; column < kGains.count; ++column) {
      for (let depth = 1; depth <= kMapDepth; ++depth) {
        const value = values[column]![depth - 1]!;
        const share = Number.isFinite(value) ? Math.min(1, Math.abs(value) / kFullDecades) ** 0.55 : 1;
        const to = value < 0 ? low : high;
        const at = 4 * ((kMapDepth - depth) * kGains.count + column);
        for (let c = 0; c < 3; ++c) image.data[at + c] = paper[c]! + (to[c]! - paper[c]!) * share;
        image.data[at + 3] = 255;
      }
    }
    context.putImageData(image, 0, 0);
  }

  /** The dot, the edges of the healthy band and the axes. */
  draw(state: State, look: Look): void {
    this.state = state;
    const inner = this.inner();
    const { clientWidth: width, clientHeight: height } = this.surface;
    Object.assign(this.canvas.style, { left: `${inner.left}px`, top: `${inner.top}px`, width: `${inner.width}px`, height: `${inner.height}px` });
    const x = (gain: number) => inner.left + placeOfGain(gain) * inner.width;
    const y = (depth: number) => inner.top + ((kMapDepth - depth) / (kMapDepth - 1)) * inner.height;
    this.overlay.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.overlay.setAttribute("font-family", look.font);
    const axes = s("g", { fill: look.faint });
    for (const gain of [0.25, 0.5, 1, 2, 4, 8, 16]) {
      axes.append(text(x(gain), height - 22, gain < 1 ? `1/${1 / gain}` : String(gain), { "text-anchor": "middle" }));
    }
    for (const depth of [1, 25, 50, 75, 100]) axes.append(text(inner.left - 7, y(depth) + 4, String(depth), { "text-anchor": "end" }));
    axes.append(
      text(inner.left + inner.width / 2, height - 5, "gain of the weights", { "text-anchor": "middle" }),
      text(0, 0, "hidden layers", { "text-anchor": "middle", transform: `translate(11 ${inner.top + inner.height / 2}) rotate(-90)` }),
    );
    const dot = s("g", { transform: `translate(${x(state.gain).toFixed(1)} ${y(state.depth).toFixed(1)})`, class: "dot" });
    dot.append(
      s("circle", { r: 15, fill: look.surface, opacity: 0.55 }),
      s("circle", { r: 8, fill: look.theory, stroke: look.surface, "stroke-width": 3 }),
    );
    this.overlay.replaceChildren(axes, ...this.edges(x, y, look), dot);
    this.surface.setAttribute(
      "aria-label",
      `Map of gain and depth: the dot is at gain ${state.gain} and ${state.depth} hidden layers. The arrow keys move it.`,
    );
  }

  private edges(x: (gain: number) => number, y: (depth: number) => number, look: Look): SVGElement[] {
    return ([-1, 1] as const).map((sign) => {
      const points = this.values.map((column, at): [number, number] => {
        const first = column.findIndex((value) => sign * value > kHealthyDecades);
        if (first < 0) return [x(gainAt(at)), NaN];
        // Between two whole depths, so that the edge is a line and no stair.
        const before = first > 0 ? sign * column[first - 1]! : 0;
        const share = (kHealthyDecades - before) / (sign * column[first]! - before);
        return [x(gainAt(at)), y(first + (Number.isFinite(share) ? share : 1))];
      });
      return s("path", { d: path(points), fill: "none", stroke: look.ink, "stroke-width": 1.5, "stroke-dasharray": "2 3" });
    });
  }
}
