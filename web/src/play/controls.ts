// SPDX-License-Identifier: Apache-2.0
// The controls: each writes one field of the state and shows it.
import { h } from "../dom";
import { kActivations } from "./engine/activation";
import { kInits } from "./engine/init";
import { kNorms } from "./engine/setting";
import { gainOfPlace, placeOfGain } from "./map";
import { kFormatNames, kRates, kWidths, type State } from "./state";

type Change = (change: Partial<State>) => void;

interface Control {
  id: string;
  element: HTMLElement;
  show(state: State): void;
}

const kNormNames = { none: "none", ln: "layer norm (ln)", bn: "batch norm (bn)" } as const;

function choice(id: string, label: string, options: readonly [string, string][], read: (state: State) => string, write: (value: string) => void): Control {
  const select = h("select", { id: `set-${id}`, onchange: () => write(select.value) }, ...options.map(([value, words]) => h("option", { value }, words)));
  return {
    id,
    element: h("label", { class: "control", "data-control": id }, h("span", {}, label), select),
    show: (state) => {
      select.value = read(state);
    },
  };
}

interface Slider {
  least: number;
  most: number;
  step: number;
  read(state: State): number; // place of the slider
  write(place: number): void;
  says(state: State): string;
}

function slider(id: string, label: string, how: Slider): Control {
  const output = h("output", {});
  const input = h("input", { id: `set-${id}`, type: "range", min: how.least, max: how.most, step: how.step, oninput: () => how.write(input.valueAsNumber) });
  return {
    id,
    element: h("label", { class: "control", "data-control": id }, h("span", {}, label, " ", output), input),
    show: (state) => {
      input.value = String(how.read(state));
      output.textContent = how.says(state);
      input.setAttribute("aria-valuetext", how.says(state));
    },
  };
}

function tick(id: string, label: string, read: (state: State) => boolean, write: (value: boolean) => void): Control {
  const input = h("input", { id: `set-${id}`, type: "checkbox", onchange: () => write(input.checked) });
  return {
    id,
    element: h("label", { class: "control tick", "data-control": id }, input, h("span", {}, label)),
    show: (state) => {
      input.checked = read(state);
    },
  };
}

const same = (words: readonly (string | number)[]): [string, string][] => words.map((word) => [String(word), String(word)]);

export class Controls {
  readonly element: HTMLElement;
  private readonly all: Control[];

  constructor(change: Change) {
    this.all = [
      choice("activation", "Activation", same(kActivations), (s) => s.activation, (v) => change({ activation: v as State["activation"] })),
      slider("slope", "Slope below 0", {
        least: 0, most: 1, step: 0.01, read: (s) => s.slope, write: (slope) => change({ slope }), says: (s) => s.slope.toFixed(2),
      }),
      slider("depth", "Hidden layers", {
        least: 1, most: 100, step: 1, read: (s) => s.depth, write: (depth) => change({ depth }), says: (s) => String(s.depth),
      }),
      slider("gain", "Gain", {
        least: 0, most: 1, step: 0.005, read: (s) => placeOfGain(s.gain), write: (place) => change({ gain: Number(gainOfPlace(place).toPrecision(3)) }),
        says: (s) => String(Number(s.gain.toPrecision(3))),
      }),
      choice("init", "Start of the weights", same(kInits), (s) => s.init, (v) => change({ init: v as State["init"] })),
      slider("bias", "Deviation of the biases", {
        least: 0, most: 2, step: 0.05, read: (s) => s.biasStd, write: (biasStd) => change({ biasStd }), says: (s) => s.biasStd.toFixed(2),
      }),
      tick("residual", "Shortcut round each layer", (s) => s.residual, (residual) => change({ residual })),
      choice("norm", "Normalisation", kNorms.map((norm) => [norm, kNormNames[norm]]), (s) => s.norm, (v) => change({ norm: v as State["norm"] })),
      choice("width", "Units in a layer", same(kWidths), (s) => String(s.width), (v) => change({ width: Number(v) })),
      choice("format", "Number format", same(kFormatNames), (s) => s.format, (v) => change({ format: v })),
      choice("rate", "Learning rate", same(kRates), (s) => String(s.rate), (v) => change({ rate: Number(v) })),
      slider("seed", "Another network (seed)", {
        least: 0, most: 20, step: 1, read: (s) => s.seed, write: (seed) => change({ seed }), says: (s) => String(s.seed),
      }),
    ];
    this.element = h("div", { class: "controls" }, ...this.all.map((control) => control.element));
  }

  show(state: State): void {
    for (const control of this.all) {
      control.show(state);
      if (control.id === "slope") control.element.hidden = state.activation !== "leaky_relu";
    }
  }

  /** What is touched to set the control of that name. */
  field(id: string): HTMLElement {
    return this.element.querySelector<HTMLElement>(`#set-${id}`)!;
  }

  /** The control of a chapter stands out. */
  point(id: string | null): void {
    for (const control of this.all) control.element.classList.toggle("spot", control.id === id);
  }
}
