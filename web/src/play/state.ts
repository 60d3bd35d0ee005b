// SPDX-License-Identifier: Apache-2.0
// What is on the page, and its text in the address: "#activation=tanh&depth=40". What is not named has its default, so
// that an address lives as long as the words in it.
import { kActivations } from "./engine/activation";
import { kInits } from "./engine/init";
import { kFormats } from "./engine/network";
import { kDefault, kNorms, type Setting } from "./engine/setting";

export const kWidths = [8, 16, 32, 64, 128] as const;
export const kRates = [0.01, 0.03, 0.1, 0.3, 1] as const;
export const kFormatNames = kFormats.map((format) => format.name);

export interface State extends Setting {
  scale: "log" | "linear";
  format: string;
  chapter: number; // 0: none
  layer: number; // whose histogram is shown, from 1
}

export const kStart: State = { ...kDefault, scale: "log", format: "fp32", chapter: 0, layer: 1 };

const kChoices: Partial<Record<keyof State, readonly (string | number)[]>> = {
  activation: kActivations,
  init: kInits,
  norm: kNorms,
  width: kWidths,
  rate: kRates,
  scale: ["log", "linear"],
  format: kFormatNames,
};
const kRanges: Partial<Record<keyof State, [number, number, "whole" | "any"]>> = {
  depth: [1, 100, "whole"],
  gain: [0.25, 16, "any"],
  slope: [0, 1, "any"],
  biasStd: [0, 2, "any"],
  seed: [0, 999, "whole"],
  chapter: [0, 6, "whole"],
  layer: [1, 100, "whole"],
};

/** Brings each number into its range; what makes no sense becomes the default. */
export function sound(state: State): State {
  const result: Record<string, unknown> = { ...kStart, ...state };
  for (const [key, choices] of Object.entries(kChoices)) {
    if (!choices.includes(result[key] as string)) result[key] = kStart[key as keyof State];
  }
  for (const [key, [least, most, kind]] of Object.entries(kRanges)) {
    const given = Number(result[key]);
    const value = Number.isFinite(given) ? Math.min(most, Math.max(least, given)) : Number(kStart[key as keyof State]);
    result[key] = kind === "whole" ? Math.round(value) : Number(value.toPrecision(4));
  }
  result.residual = result.residual === true;
  const fine = result as unknown as State;
  return { ...fine, layer: Math.min(fine.layer, fine.depth) };
}

export function toHash(state: State): string {
  const words = new URLSearchParams();
  for (const key of Object.keys(kStart) as (keyof State)[]) {
    if (state[key] !== kStart[key]) words.set(key, String(state[key]));
  }
  return words.size > 0 ? `#${words}` : "";
}

/** Nothing where the address names no state (a place of the page, say). */
export function fromHash(hash: string): State | null {
  if (!hash.includes("=")) return null;
  const state: Record<string, unknown> = { ...kStart };
  for (const [key, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    if (!Object.hasOwn(kStart, key)) continue;
    const like = kStart[key as keyof State];
    state[key] = typeof like === "number" ? (text.trim() === "" ? NaN : Number(text)) : typeof like === "boolean" ? text === "true" : text;
  }
  return sound(state as unknown as State);
}
