// SPDX-License-Identifier: Apache-2.0
// Trains beside the page, so that it stays alive. One message in: a Job; many out, each of its number.
import type { Setting } from "./engine/setting";
import { Training, type TrainingStep } from "./engine/training";

export interface Job {
  number: number;
  setting: Setting;
  steps: number;
}
export interface Progress {
  number: number;
  steps: TrainingStep[];
  done: boolean;
}

const kEvery_ms = 80;

onmessage = (event: MessageEvent<Job>) => {
  const { number, setting, steps } = event.data;
  const training = new Training(setting);
  let told: TrainingStep[] = [];
  let last = performance.now();
  for (let step = 0; step < steps; ++step) {
    told.push(training.next(false));
    const isLast = step === steps - 1;
    if (!isLast && performance.now() - last < kEvery_ms) continue;
    postMessage({ number, steps: told, done: isLast } satisfies Progress);
    told = [];
    last = performance.now();
  }
};
