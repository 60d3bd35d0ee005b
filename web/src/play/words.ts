// SPDX-License-Identifier: Apache-2.0
// What was measured, in one sentence.
import { magnitude, percent } from "../format";
import { kFormats, type Pass } from "./engine/network";
import type { State } from "./state";

export interface Hearing {
  tone: "critical" | "warning" | "healthy";
  sentence: string;
  detail: string;
}

const kLog10Of2 = Math.log10(2);

/** log10 of the gradient at layer 1 against that at the last hidden layer. */
export function reach(pass: Pass): number {
  return (pass.readings[0]!.gradZ - pass.readings.at(-2)!.gradZ) * kLog10Of2;
}

export function hearing(pass: Pass, state: State): Hearing {
  const last = `layer ${state.depth}`;
  const log10 = reach(pass);
  const lost = pass.readings[0]!.flushed[kFormats.findIndex((format) => format.name === state.format)] ?? 0;
  const detail = lost > 0 ? `In ${state.format}, ${percent(lost)} of the gradient at layer 1 would be rounded to 0.` : `In ${state.format} none of the gradient at layer 1 would be rounded to 0.`;
  if (state.depth === 1) return { tone: "healthy", sentence: "There is one hidden layer: nothing stands between it and the last.", detail };
  if (Number.isNaN(log10)) return { tone: "critical", sentence: "The gradient is no number: the signal has grown beyond all bounds on the way up.", detail: "" };
  if (log10 === -Infinity) return { tone: "critical", sentence: "No: no gradient at all reaches the first layer.", detail };
  if (log10 < -2) return { tone: "critical", sentence: `No: layer 1 gets ${magnitude(log10)} of the gradient of ${last}.`, detail };
  if (log10 > 2) return { tone: "warning", sentence: `Too loud: layer 1 gets ${magnitude(log10)} times the gradient of ${last}.`, detail };
  return { tone: "healthy", sentence: `Yes: layer 1 gets ${magnitude(log10)} times the gradient of ${last}.`, detail };
}
