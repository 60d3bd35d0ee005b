// SPDX-License-Identifier: Apache-2.0
// Plain gradient descent on the page's network, as `plumb train --optimiser sgd` does it.
import { Teacher } from "./data";
import { type Affine, type Dense, Network, type Reading } from "./network";
import type { Setting } from "./setting";

export interface TrainingStep {
  step: number; // updates made before this loss was taken
  loss: number;
  accuracy: number;
  /** rms(update) / rms(weight) of each layer, from the input up, in log2. */
  speed: number[];
  readings: Reading[];
}

/** What comes between two calls of `next` is one step; the run of a setting is always the same. */
export class Training {
  readonly network: Network;
  private readonly data: Teacher;
  private step = 0;

  constructor(private readonly setting: Setting) {
    this.network = new Network(setting);
    this.data = new Teacher(setting.width, setting.seed);
  }

  next(measured: boolean): TrainingStep {
    const speed: number[] = [];
    const pass = this.network.pass(this.data.batch(this.step), measured, (dense, affine, scale) => {
      const factor = this.setting.rate * 2 ** scale;
      speed.push(this.update(dense, affine, factor));
    });
    return { step: this.step++, loss: pass.loss, accuracy: pass.accuracy, speed: speed.reverse(), readings: pass.readings };
  }

  private update(dense: Dense, affine: Affine | null, factor: number): number {
    let squares = 0;
    let weights = 0;
    for (let i = 0; i < dense.weight.length; ++i) {
      const gradient = dense.gradWeight[i]!;
      squares += gradient * gradient;
      weights += dense.weight[i]! * dense.weight[i]!;
    }
    const speed = (Math.log2(squares) - Math.log2(weights)) / 2 + Math.log2(Math.abs(factor));
    descend(dense.weight, dense.gradWeight, factor);
    descend(dense.bias, dense.gradBias, factor);
    if (affine) {
      descend(affine.weight, affine.gradWeight, factor);
      descend(affine.bias, affine.gradBias, factor);
    }
    return speed;
  }
}

function descend(values: Float64Array, gradient: Float64Array, factor: number): void {
  for (let i = 0; i < values.length; ++i) values[i]! -= factor * gradient[i]!;
}
