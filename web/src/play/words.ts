// SPDX-License-Identifier: Apache-2.0
// What was measured, in one sentence.
import { magnitude, percent } from "../format";
import { kClasses } from "./engine/data";
import { kFormats, type Pass } from "./engine/network";
import type { State } from "./state";

export interface Hearing {
  tone: "critical" | "warning" | "healthy";
  sentence: string;
  detail: string;
}

const kLog10Of2 = Math.log10(2);

/** log10 of the norm of one sample's gradient at layer 1 against that at the last layer, as `plumb probe` has it: with shortcuts at
 * the output of the first block. */
export function reach(pass: Pass, { width }: Pick<State, "width">): number {
  return (pass.entries.at(-1)!.gradOut - pass.entries[0]!.gradOut) * kLog10Of2 + Math.log10(width / kClasses) / 2;
}

export function hearing(pass: Pass, state: State): Hearing {
  const first = state.residual ? "the first block" : "layer 1";
  const last = `layer ${state.depth + 1}, the last`;
  const log10 = reach(pass, state);
  const lost = pass.readings[0]!.flushed[kFormats.findIndex((format) => format.name === state.format)] ?? 0;
  const detail = lost > 0 ? `In ${state.format}, ${percent(lost)} of the gradient at layer 1 would be rounded to 0.` : `In ${state.format} none of the gradient at layer 1 would be rounded to 0.`;
  if (Number.isNaN(log10)) return { tone: "critical", sentence: "The gradient is no number: the signal has grown beyond all bounds on the way up.", detail: "" };
  if (log10 === -Infinity) return { tone: "critical", sentence: "No: no gradient at all reaches the first layer.", detail };
  if (log10 < -2) return { tone: "critical", sentence: `No: ${first} gets ${magnitude(log10)} of the gradient of ${last}.`, detail };
  if (log10 > 2) return { tone: "warning", sentence: `Too loud: ${first} gets ${magnitude(log10)} times the gradient of ${last}.`, detail };
  return { tone: "healthy", sentence: `Yes: ${first} gets ${magnitude(log10)} times the gradient of ${last}.`, detail };
}
