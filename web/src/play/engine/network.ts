// SPDX-License-Identifier: Apache-2.0
// A small engine in double: builds the network of a Setting and back-propagates one batch, as plumb/nn/ does. The
// gradient in flight is values * 2^scale, so that no depth makes it underflow. tests/play holds it to the C++ engine.
import { type Activation, makeActivation } from "./activation";
import { type Batch, kBatch, kClasses } from "./data";
import { drawBias, drawWeight } from "./init";
import { backwardInput, backwardWeight, forward } from "./products";
import type { Setting } from "./setting";

export interface Dense {
  name: string;
  rows: number;
  columns: number;
  weight: Float64Array;
  bias: Float64Array;
  gradWeight: Float64Array;
  gradBias: Float64Array;
}

/** Of a normalisation: the features' weight and bias. */
export interface Affine {
  weight: Float64Array;
  bias: Float64Array;
  gradWeight: Float64Array;
  gradBias: Float64Array;
}

interface Hidden {
  dense: Dense;
  affine: Affine | null;
  x: Float64Array; // what the layer, or the block, reads
  z: Float64Array;
  normal: Float64Array; // the normalised z, before weight and bias
  scale: Float64Array; // 1 / deviation, of each row (ln) or feature (bn)
  pre: Float64Array; // what the activation reads
  a: Float64Array;
}

export type Cause =
  | "weight_scale" | "weight_alignment" | "activation_derivative" | "derivative_alignment" | "normalisation"
  | "residual_shortcut" | "residual_branch";

/** One line of the books of the main chain (docs/ledger.md), all in log2. */
export interface Entry {
  path: string;
  gradOut: number;
  gradIn: number;
  parts: Partial<Record<Cause, number>>;
}

/** One layer with weights, all log2 of a root mean square. */
export interface Reading {
  gradZ: number;
  gradWeight: number;
  z: number;
  weight: number;
  /** Of the gradient: how many elements the formats of kFormats keep nothing of, 0..1. */
  flushed: number[];
}

export interface Pass {
  loss: number;
  accuracy: number;
  readings: Reading[]; // from the input up
  entries: Entry[]; // from the loss down
}

export const kFormats = [
  { name: "fp32", smallest: -149 },
  { name: "bf16", smallest: -133 },
  { name: "fp16", smallest: -24 },
  { name: "fp8 e5m2", smallest: -16 },
  { name: "fp8 e4m3", smallest: -9 },
] as const; // log2 of the smallest subnormal; what is below half of it becomes 0

const kEps = 1e-5;
const kSafeLog2 = 40;

function log2Rms(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; ++i) sum += values[i]! * values[i]!;
  return Math.log2(sum / values.length) / 2;
}

/** y = x weight^T + bias. */
function forwardDense(dense: Dense, x: Float64Array, y: Float64Array): void {
  forward(x, dense.weight, dense.bias, y, kBatch, dense.rows, dense.columns);
}

/** gradX = gradY weight; the gradients of the parameters are those of gradY as it is, without the scale. */
function backwardDense(dense: Dense, x: Float64Array, gradY: Float64Array, gradX: Float64Array): void {
  const { rows, columns, weight, gradWeight, gradBias } = dense;
  backwardInput(gradY, weight, gradX, kBatch, rows, columns);
  backwardWeight(gradY, x, gradWeight, kBatch, rows, columns);
  gradBias.fill(0);
  for (let i = 0; i < gradY.length; ++i) gradBias[i % rows]! += gradY[i]!;
}

export class Network {
  readonly hidden: Hidden[] = [];
  readonly last: Dense;
  readonly activation: Activation;
  private readonly logits = new Float64Array(kBatch * kClasses);
  private readonly probabilities = new Float64Array(kBatch * kClasses);
  private top: Float64Array; // what the last layer reads

  constructor(readonly setting: Setting) {
    const { width, depth, residual, norm } = setting;
    this.activation = makeActivation(setting.activation, setting.slope);
    const inChain = norm === "none" ? 2 : 3; // positions of one layer
    for (let l = 0; l < depth; ++l) {
      const name = residual ? `${l}.0` : String(l * inChain);
      const size = kBatch * width;
      this.hidden.push({
        dense: this.dense(name, width, width),
        affine: norm === "none" ? null : affine(width),
        x: new Float64Array(size),
        z: new Float64Array(size),
        normal: new Float64Array(norm === "none" ? 0 : size),
        scale: new Float64Array(norm === "bn" ? width : kBatch),
        pre: new Float64Array(size),
        a: new Float64Array(size),
      });
    }
    this.last = this.dense(residual ? String(depth) : String(depth * inChain), kClasses, width);
    this.top = new Float64Array(kBatch * width);
  }

  private dense(name: string, rows: number, columns: number): Dense {
    const { init, gain, seed, biasStd } = this.setting;
    return {
      name,
      rows,
      columns,
      weight: drawWeight(init, gain, seed, `${name}.weight`, rows, columns),
      bias: drawBias(biasStd, seed, `${name}.bias`, rows),
      gradWeight: new Float64Array(rows * columns),
      gradBias: new Float64Array(rows),
    };
  }

  /** From the input up. */
  get layers(): Dense[] {
    return [...this.hidden.map((layer) => layer.dense), this.last];
  }

  /** One forward and one backward pass. `measured`: with readings and books. `ready` is told of each layer whose
   * gradients are complete, and of the power of two that they lack. */
  pass(batch: Batch, measured: boolean, ready: (dense: Dense, affine: Affine | null, scale: number) => void = () => {}): Pass {
    const { loss, accuracy } = this.forward(batch);
    const result: Pass = { loss, accuracy, readings: [], entries: [] };
    this.backward(batch, measured ? result : null, ready);
    result.readings.reverse();
    return result;
  }

  private forward(batch: Batch): { loss: number; accuracy: number } {
    let x = batch.x;
    for (const layer of this.hidden) {
      layer.x.set(x);
      forwardDense(layer.dense, layer.x, layer.z);
      this.normalise(layer);
      const { pre, a } = layer;
      for (let i = 0; i < a.length; ++i) a[i] = this.activation.value(pre[i]!);
      if (this.setting.residual) {
        const sum = layer === this.hidden.at(-1) ? this.top : this.hidden[this.hidden.indexOf(layer) + 1]!.x;
        for (let i = 0; i < sum.length; ++i) sum[i] = layer.x[i]! + a[i]!;
        x = sum;
      } else {
        x = a;
      }
    }
    this.top.set(x);
    forwardDense(this.last, this.top, this.logits);
    return this.judge(batch.labels);
  }

  private judge(labels: Int32Array): { loss: number; accuracy: number } {
    let total = 0;
    let right = 0;
    for (let b = 0; b < kBatch; ++b) {
      const y = this.logits.subarray(b * kClasses, (b + 1) * kClasses);
      let top = 0;
      for (let j = 1; j < kClasses; ++j) if (y[j]! > y[top]!) top = j;
      let rest = 0;
      for (let j = 0; j < kClasses; ++j) if (j !== top) rest += Math.exp(y[j]! - y[top]!);
      total += Math.log1p(rest) + (y[top]! - y[labels[b]!]!);
      if (top === labels[b]) ++right;
      for (let j = 0; j < kClasses; ++j) this.probabilities[b * kClasses + j] = Math.exp(y[j]! - y[top]!) / (1 + rest);
    }
    return { loss: total / kBatch, accuracy: right / kBatch };
  }

  private normalise(layer: Hidden): void {
    const { z, pre, normal, scale, affine: own } = layer;
    if (!own) {
      pre.set(z);
      return;
    }
    const width = this.setting.width;
    const byRow = this.setting.norm === "ln";
    const groups = byRow ? kBatch : width;
    const count = byRow ? width : kBatch;
    for (let group = 0; group < groups; ++group) {
      const first = byRow ? group * width : group;
      const stride = byRow ? 1 : width;
      let mean = 0;
      for (let k = 0; k < count; ++k) mean += z[first + k * stride]!;
      mean /= count;
      let variance = 0;
      for (let k = 0; k < count; ++k) variance += (z[first + k * stride]! - mean) ** 2;
      scale[group] = 1 / Math.sqrt(variance / count + kEps);
      for (let k = 0; k < count; ++k) {
        const at = first + k * stride;
        normal[at] = (z[at]! - mean) * scale[group]!;
        pre[at] = normal[at]! * own.weight[at % width]! + own.bias[at % width]!;
      }
    }
  }

  /** The gradient with respect to `pre`, in place to that with respect to z. */
  private normaliseBackward(layer: Hidden, g: Float64Array): void {
    const { normal, scale, affine: own } = layer;
    if (!own) return;
    const width = this.setting.width;
    own.gradWeight.fill(0);
    own.gradBias.fill(0);
    for (let at = 0; at < g.length; ++at) {
      own.gradWeight[at % width]! += g[at]! * normal[at]!;
      own.gradBias[at % width]! += g[at]!;
      g[at]! *= own.weight[at % width]!;
    }
    const byRow = this.setting.norm === "ln";
    const groups = byRow ? kBatch : width;
    const count = byRow ? width : kBatch;
    for (let group = 0; group < groups; ++group) {
      const first = byRow ? group * width : group;
      const stride = byRow ? 1 : width;
      let sum = 0;
      let along = 0;
      for (let k = 0; k < count; ++k) {
        const at = first + k * stride;
        sum += g[at]!;
        along += g[at]! * normal[at]!;
      }
      for (let k = 0; k < count; ++k) {
        const at = first + k * stride;
        g[at] = scale[group]! * (g[at]! - sum / count - normal[at]! * (along / count));
      }
    }
  }

  private backward(batch: Batch, result: Pass | null, ready: (dense: Dense, affine: Affine | null, scale: number) => void): void {
    const { width, residual } = this.setting;
    let scale = 0;
    const gradLogits = new Float64Array(kBatch * kClasses);
    for (let b = 0; b < kBatch; ++b) {
      const label = batch.labels[b]!;
      let others = 0;
      for (let j = 0; j < kClasses; ++j) {
        const p = this.probabilities[b * kClasses + j]!;
        if (j !== label) others += p;
        gradLogits[b * kClasses + j] = p / kBatch;
      }
      gradLogits[b * kClasses + label] = -others / kBatch;
    }
    const gradX = new Float64Array(kBatch * width);
    const gradSum = new Float64Array(kBatch * width);
    const g = new Float64Array(kBatch * width);

    // Keeps g in the band where doubles neither overflow nor lose digits, by an exact power of two.
    const settle = (values: Float64Array) => {
      let most = 0;
      for (let i = 0; i < values.length; ++i) most = Math.max(most, Math.abs(values[i]!));
      if (most === 0 || !Number.isFinite(most)) return;
      const exponent = Math.floor(Math.log2(most));
      if (Math.abs(exponent) < kSafeLog2) return;
      const factor = 2 ** -exponent;
      for (let i = 0; i < values.length; ++i) values[i]! *= factor;
      scale += exponent;
    };
    const read = (dense: Dense, gradZ: Float64Array, z: Float64Array) => {
      result?.readings.push({
        gradZ: log2Rms(gradZ) + scale,
        gradWeight: log2Rms(dense.gradWeight) + scale,
        z: log2Rms(z),
        weight: log2Rms(dense.weight),
        flushed: kFormats.map((format) => flushed(gradZ, format.smallest - scale)),
      });
    };
    const linear = (dense: Dense, before: number, after: number): Partial<Record<Cause, number>> => {
      const own = Math.log2(dense.rows) / 2 + log2Rms(dense.weight);
      return { weight_scale: own, weight_alignment: after - before - own };
    };

    settle(gradLogits);
    let out = log2Rms(gradLogits) + scale;
    backwardDense(this.last, this.top, gradLogits, gradX);
    read(this.last, gradLogits, this.logits);
    ready(this.last, null, scale);
    let inner = log2Rms(gradX) + scale;
    result?.entries.push({ path: this.last.name, gradOut: out, gradIn: inner, parts: linear(this.last, out, inner) });

    for (let l = this.hidden.length - 1; l >= 0; --l) {
      const layer = this.hidden[l]!;
      settle(gradX);
      out = log2Rms(gradX) + scale;
      gradSum.set(gradX);
      let slopes = 0;
      for (let i = 0; i < g.length; ++i) {
        const slope = this.activation.derivative(layer.pre[i]!);
        slopes += slope * slope;
        g[i] = slope === 0 ? 0 : gradSum[i]! * slope;
      }
      const afterActivation = log2Rms(g) + scale;
      this.normaliseBackward(layer, g);
      const afterNorm = log2Rms(g) + scale;
      backwardDense(layer.dense, layer.x, g, gradX);
      read(layer.dense, g, layer.z);
      ready(layer.dense, layer.affine, scale);
      if (residual) for (let i = 0; i < gradX.length; ++i) gradX[i]! += gradSum[i]!;
      inner = log2Rms(gradX) + scale;
      if (!result) continue;
      if (residual) {
        result.entries.push({ path: String(l), gradOut: out, gradIn: inner, parts: { residual_shortcut: 0, residual_branch: inner - out } });
        continue;
      }
      const own = Math.log2(slopes / g.length) / 2;
      const place = Number(layer.dense.name);
      const activationAt = String(place + (layer.affine ? 2 : 1));
      result.entries.push({
        path: activationAt,
        gradOut: out,
        gradIn: afterActivation,
        parts: { activation_derivative: own, derivative_alignment: afterActivation - out - own },
      });
      if (layer.affine) {
        result.entries.push({
          path: String(place + 1),
          gradOut: afterActivation,
          gradIn: afterNorm,
          parts: { normalisation: afterNorm - afterActivation },
        });
      }
      result.entries.push({ path: layer.dense.name, gradOut: afterNorm, gradIn: inner, parts: linear(layer.dense, afterNorm, inner) });
    }
  }
}

function affine(width: number): Affine {
  return {
    weight: new Float64Array(width).fill(1),
    bias: new Float64Array(width),
    gradWeight: new Float64Array(width),
    gradBias: new Float64Array(width),
  };
}

/** The share of the elements that a format keeps nothing of; those that are 0 already do not count. */
function flushed(values: Float64Array, log2Smallest: number): number {
  const limit = 2 ** (log2Smallest - 1);
  let lost = 0;
  let all = 0;
  for (let i = 0; i < values.length; ++i) {
    if (values[i] === 0) continue;
    ++all;
    if (Math.abs(values[i]!) <= limit) ++lost;
  }
  return all === 0 ? 0 : lost / all;
}
