// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from "../cursor";
import { magnitude } from "../format";
import { layerName, pathText } from "../ledger";
import { css, ramp } from "../ramp";
import type { Range } from "../scale";
import { stateOf, type Layer, type LayerId, type Measured, type Run } from "../store";
import { Svg } from "../svg";
import type { Look } from "../theme";
import type { Panel } from "./chart";

/** Arcs and loops need room above the layers. */
export function stripHeight(run: Run): number {
  const above = run.layers.some((layer, id) => layer.family === "recurrent" || layer.inputs.some((input) => input.from !== id - 1 && input.from >= 0));
  return above ? 132 : 84;
}

const kMargin = 14;

interface Element {
  id: LayerId;
  x: number;
  width: number;
  place: number; // in the profile; -1 for a layer that is not in it
}

/** The layers from left to right as they compute; what is wide has weights. */
export function layOut(run: Run, width: number): Element[] {
  const places = new Map(run.profile.map((place, i) => [place.layer, i]));
  const weight = (layer: Layer) => (layer.family === "linear" || layer.family === "recurrent" ? 3 : layer.family === "input" ? 1.6 : 1);
  const total = run.layers.reduce((sum, layer) => sum + weight(layer), 0);
  const unit = (width - 2 * kMargin) / Math.max(total, 1);
  let x = kMargin;
  return run.layers.map((layer, id) => {
    const element = { id, x, width: unit * weight(layer), place: places.get(id) ?? -1 };
    x += element.width;
    return element;
  });
}

/** A picture of the network: one block for each layer, arcs for what goes around others. */
export function stripPanel(run: Run, cursor: Cursor, range: () => Range): Panel {
  const now = () => cursor.of(run);
  let elements: Element[] = [];
  const under = (x: number) => elements.find((one) => x >= one.x && x < one.x + one.width);
  return {
    label: "The network",
    along: "layer",
    draw: (place, look, width, height) => {
      elements = layOut(run, width);
      place.replaceChildren(draw(run, now(), elements, range(), look, width, height));
      const middle = (i: number) => {
        const one = elements.find((other) => other.place === i);
        return one ? one.x + one.width / 2 : NaN;
      };
      return {
        top: 18, bottom: height - 22,
        x: (layer) => middle(Math.round(layer) - 1),
        // A layer without weights belongs to the one before it.
        value: (x) => {
          const at = under(x);
          const found = at && elements.slice(0, at.id + 1).reverse().find((one) => one.place >= 0);
          return (found?.place ?? 0) + 1;
        },
      };
    },
    describe: () => {
      const shortcuts = run.layers.reduce((sum, layer) => sum + (layer.inputs.length > 1 ? 1 : 0), 0);
      const recurrent = run.layers.filter((layer) => layer.family === "recurrent").length;
      return (
        `${run.profile.length} layers with weights on the chain, ${run.layers.length - 1} layers in all` +
        (shortcuts > 0 ? `, ${shortcuts} places where ways meet` : "") + (recurrent > 0 ? `, ${recurrent} recurrent` : "") +
        `. Each is coloured by the gradient that arrives at step ${now()?.step ?? "none"}.`
      );
    },
    read: () => text(run, now(), cursor.layer).join(", "),
    at: (value) => text(run, now(), Math.round(value) - 1),
    table: () => ({
      head: ["layer", "what it is", "path", "reads", "gradient that arrives"],
      rows: run.layers.map((layer, id) => {
        const i = run.profile.findIndex((place) => place.layer === id);
        return [
          i >= 0 ? String(i + 1) : "", layer.text || layer.kind, layer.path, layer.inputs.map((input) => run.layers[input.from]?.path ?? "").join(", "),
          i >= 0 ? (text(run, now(), i)[1] ?? "").replace("gradient ", "") : "",
        ];
      }),
    }),
  };
}

function text(run: Run, measured: Measured | undefined, i: number): string[] {
  const place = run.profile[i];
  if (!place) return ["no layer"];
  const state = measured ? stateOf(measured, "grad_z", i) : "absent";
  const value = state === "zero" ? "exactly zero" : state === "nonfinite" ? "NaN or ∞" : magnitude(measured?.flow.grad_z[i]);
  return [`${layerName(run, place.layer)}, ${pathText(run, place.layer)}`, `gradient ${value}`];
}

function draw(run: Run, measured: Measured | undefined, elements: Element[], range: Range, look: Look, width: number, height: number): SVGElement {
  const svg = new Svg(width, height, look.font);
  const colours = ramp(look.ramp).map(css);
  const line = height - 44;
  const middle = (id: LayerId) => (elements[id] ? elements[id].x + elements[id].width / 2 : 0);
  svg.line(kMargin, line, width - kMargin, line, look.axis);
  // What goes around others: an arc as high as it is long.
  run.layers.forEach((layer, id) => {
    for (const input of layer.inputs) {
      if (input.from === id - 1 || input.from < 0) continue;
      const [a, b] = [middle(input.from), middle(id)];
      const rise = Math.min(line - 24, 14 + Math.sqrt(Math.abs(b - a)) * 4.2);
      svg.add("path", {
        d: `M${a.toFixed(1)} ${line - 13}C${a.toFixed(1)} ${(line - 13 - rise).toFixed(1)} ${b.toFixed(1)} ${(line - 13 - rise).toFixed(1)} ${b.toFixed(1)} ${line - 13}`,
        fill: "none", stroke: input.way === "gate" ? look.cause.residual_gate : look.cause.residual_shortcut, "stroke-width": 1.6,
      });
    }
  });
  for (const one of elements) {
    const layer = run.layers[one.id]!;
    const gap = one.width > 5 ? 1 : 0;
    if (one.place >= 0) {
      const state = measured ? stateOf(measured, "grad_z", one.place) : "absent";
      const value = measured?.flow.grad_z[one.place] ?? null;
      const part = value === null ? 0 : (value - range.min) / (range.max - range.min);
      const fill = state === "zero" ? look.ink : state === "nonfinite" ? look.alarm : state === "absent" ? look.lane : colours[Math.round(Math.max(0, Math.min(1, part)) * 255)]!;
      svg.add("rect", { x: one.x + gap, y: line - 12, width: Math.max(0.8, one.width - 2 * gap), height: 24, rx: one.width > 8 ? 3 : 0, fill, stroke: one.width > 8 ? look.axis : undefined });
    } else if (layer.family === "recurrent") {
      svg.add("rect", { x: one.x + gap, y: line - 12, width: Math.max(2, one.width - 2 * gap), height: 24, rx: 3, fill: look.lane, stroke: look.axis });
      const x = middle(one.id);
      svg.add("path", { d: `M${x - 7} ${line - 12}C${x - 16} ${line - 34} ${x + 16} ${line - 34} ${x + 7} ${line - 12}`, fill: "none", stroke: look.cause.recurrence, "stroke-width": 2 });
      svg.add("path", { d: `M${x + 7} ${line - 12}l-1 -7l6 3z`, fill: look.cause.recurrence });
    } else if (layer.inputs.length > 1) {
      svg.add("circle", { cx: middle(one.id), cy: line, r: Math.min(6, Math.max(1.5, one.width / 2)), fill: look.surface, stroke: look.cause.residual_shortcut, "stroke-width": 1.6 });
    } else if (layer.family === "linear") {
      // Beside the chain: a gate, a layer on a shortcut.
      svg.add("rect", { x: one.x + gap, y: line - 7, width: Math.max(0.8, one.width - 2 * gap), height: 14, fill: look.lane, stroke: look.axis });
    } else if (one.width > 2) {
      svg.add("circle", { cx: middle(one.id), cy: line, r: Math.min(4, one.width / 2.5), fill: layer.family === "activation" ? look.faint : look.surface, stroke: look.faint });
    }
    if (one.width > 46 && (one.place >= 0 || layer.family === "recurrent")) {
      svg.text(middle(one.id), line + 30, clip(layer.text || layer.kind, one.width / 6.2), look.faint, { "text-anchor": "middle", "font-size": 10.5 });
    }
  }
  svg.text(kMargin, height - 2, "input", look.faint);
  svg.text(width - kMargin, height - 2, "loss", look.faint, { "text-anchor": "end" });
  return svg.element;
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(1, Math.floor(length) - 1))}…`;
}
