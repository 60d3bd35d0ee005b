// SPDX-License-Identifier: Apache-2.0
// What a random linear teacher says of random inputs: the data set `teacher?n=..&in=..&classes=..` (plumb/data/teacher.h),
// number for number, and its batches.
import { Rng } from "./rng";

export const kSamples = 640;
export const kClasses = 10;
export const kBatch = 32;

export interface Batch {
  x: Float64Array; // [kBatch, inputs]
  labels: Int32Array;
}

export class Teacher {
  private readonly x: Float64Array[] = [];
  private readonly labels: number[] = [];
  private readonly weight: Float64Array;
  private readonly inputs: Rng;
  private readonly shuffle: Rng;
  private epoch = -1;
  private order: number[] = [];

  constructor(
    private readonly width: number,
    seed: number,
  ) {
    this.inputs = Rng.of(seed, "data/teacher/x");
    this.shuffle = Rng.of(seed, "data/shuffle");
    const rng = Rng.of(seed, "data/teacher/weight").child(1);
    this.weight = new Float64Array(kClasses * width);
    const deviation = 1 / Math.sqrt(width);
    for (let i = 0; i < this.weight.length; ++i) this.weight[i] = deviation * rng.normal(i);
  }

  /** Of optimiser step `step`. */
  batch(step: number): Batch {
    const perEpoch = kSamples / kBatch;
    const epoch = Math.floor(step / perEpoch);
    if (epoch !== this.epoch) {
      this.order = this.shuffle.child(epoch).permutation(kSamples);
      this.epoch = epoch;
    }
    const first = (step % perEpoch) * kBatch;
    const batch = { x: new Float64Array(kBatch * this.width), labels: new Int32Array(kBatch) };
    for (let row = 0; row < kBatch; ++row) {
      const sample = this.order[first + row]!;
      this.draw(sample);
      batch.x.set(this.x[sample]!, row * this.width);
      batch.labels[row] = this.labels[sample]!;
    }
    return batch;
  }

  private draw(sample: number): void {
    if (this.x[sample]) return;
    const rng = this.inputs.child(sample);
    const x = new Float64Array(this.width);
    for (let j = 0; j < x.length; ++j) x[j] = Math.fround(rng.normal(j));
    let best = 0;
    let most = -Infinity;
    for (let c = 0; c < kClasses; ++c) {
      let sum = 0;
      for (let j = 0; j < x.length; ++j) sum += this.weight[c * x.length + j]! * x[j]!;
      if (sum > most) {
        most = sum;
        best = c;
      }
    }
    this.x[sample] = x;
    this.labels[sample] = best;
  }
}
