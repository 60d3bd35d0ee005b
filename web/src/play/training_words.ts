// SPDX-License-Identifier: Apache-2.0
// What a training on the page says.
import { kClasses } from "./engine/data";
import type { TrainingStep } from "./engine/training";

/** The loss of an answer that looks at nothing. */
export const kGuess = Math.log(kClasses);
const kSmooth = 10; // steps

export const average = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Of each step with those before it: batches of 32 are noisy. */
export function smooth(losses: number[]): number[] {
  return losses.map((_, i) => average(losses.slice(Math.max(0, i + 1 - kSmooth), i + 1)));
}

/** What came of it, in a sentence. */
export function outcome(steps: TrainingStep[]): string {
  const last = average(steps.slice(-20).map((step) => step.loss));
  const right = average(steps.slice(-20).map((step) => step.accuracy));
  if (!Number.isFinite(last)) return "The loss is no number any more: the training blew up.";
  const words = `the loss is ${last.toFixed(2)} and ${Math.round(100 * right)} % are right; a guess has ${kGuess.toFixed(2)} and about ${100 / kClasses} %`;
  if (last > 1.05 * kGuess) return `It got worse than a guess: ${words}.`;
  if (last > 0.95 * kGuess) return `It has learned next to nothing: ${words}.`;
  return `It learns: ${words}.`;
}
