// SPDX-License-Identifier: Apache-2.0

type Rgb = [number, number, number];

function rgb(hex: string): Rgb {
  const n = parseInt(hex.slice(1), 16);
  return [n >> 16, (n >> 8) & 255, n & 255];
}

/** Colours along a ramp of hex colours, `steps` of them, little first. */
export function ramp(colours: readonly string[], steps = 256): Rgb[] {
  const ends = colours.map(rgb);
  return Array.from({ length: steps }, (_, i) => {
    const at = (i / (steps - 1)) * (ends.length - 1);
    const k = Math.min(ends.length - 2, Math.floor(at));
    return ends[k]!.map((c, j) => Math.round(c + (ends[k + 1]![j]! - c) * (at - k))) as Rgb;
  });
}

export function css([r, g, b]: Rgb): string {
  return `rgb(${r},${g},${b})`;
}

/** A canvas of the size of its place, sharp on any screen, and the place where text is drawn above it. */
export function canvasIn(place: HTMLElement, width: number, height: number): CanvasRenderingContext2D {
  let canvas = place.querySelector("canvas");
  if (!canvas) {
    canvas = document.createElement("canvas");
    canvas.setAttribute("aria-hidden", "true");
    place.replaceChildren(canvas);
  }
  const scale = Math.max(1, Math.min(3, devicePixelRatio || 1));
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d")!;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** Lays a picture above the canvas: axes and words stay sharp, and the same code draws them as for the other charts. */
export function overlay(place: HTMLElement, picture: SVGElement): void {
  let layer = place.querySelector<HTMLElement>(".overlay");
  if (!layer) {
    layer = document.createElement("div");
    layer.className = "overlay";
    place.append(layer);
  }
  layer.replaceChildren(picture);
}
