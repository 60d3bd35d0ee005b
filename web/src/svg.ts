// SPDX-License-Identifier: Apache-2.0

/** A picture as text; attributes are numbers and words of this program, texts are escaped. */
export class Svg {
  private readonly parts: string[] = [];

  constructor(
    readonly width: number,
    readonly height: number,
    private readonly font: string,
  ) {}

  add(tag: string, attributes: Record<string, string | number | undefined>, text?: string): this {
    let out = `<${tag}`;
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== undefined) out += ` ${name}="${typeof value === "number" ? round(value) : escape(value)}"`;
    }
    this.parts.push(text === undefined ? `${out}/>` : `${out}>${escape(text)}</${tag}>`);
    return this;
  }
  line(x1: number, y1: number, x2: number, y2: number, stroke: string, width = 1, dash?: string): this {
    return this.add("line", { x1, y1, x2, y2, stroke, "stroke-width": width, "stroke-dasharray": dash });
  }
  text(x: number, y: number, text: string, fill: string, more: Record<string, string | number | undefined> = {}): this {
    return this.add("text", { x, y, fill, "font-size": 11, ...more }, text);
  }
  /** Points joined; a null makes a gap. A point between two gaps is a dot. */
  path(points: readonly ([number, number] | null)[], stroke: string, width: number, dash?: string): this {
    let d = "";
    let pen = false;
    points.forEach((point, i) => {
      if (!point) {
        pen = false;
        return;
      }
      if (!pen && !points[i + 1]) this.add("circle", { cx: point[0], cy: point[1], r: Math.max(2.5, width), fill: stroke });
      d += `${pen ? "L" : "M"}${round(point[0])} ${round(point[1])}`;
      pen = true;
    });
    if (d === "") return this;
    return this.add("path", { d, fill: "none", stroke, "stroke-width": width, "stroke-dasharray": dash, "stroke-linejoin": "round" });
  }
  toString(): string {
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${this.width}" height="${this.height}" viewBox="0 0 ${this.width} ${this.height}" font-family="${escape(this.font)}" aria-hidden="true" focusable="false">${this.parts.join("")}</svg>`;
  }
}

function round(x: number): string {
  return String(Math.round(x * 100) / 100);
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
