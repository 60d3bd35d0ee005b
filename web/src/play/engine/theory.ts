// SPDX-License-Identifier: Apache-2.0
// What mean-field theory says of the page's network: how large the gradient is at each layer, from the last one down.
import { makeActivation } from "./activation";
import { kClasses } from "./data";
import { initVariance } from "./init";
import { type Moments, moments } from "./moments";
import type { Setting } from "./setting";

type At = (q: number) => Moments;

/** log2 of the squared gradient's growth over each hidden layer of a deep chain, from layer 1 up: what stands at place l
 * takes the gradient from the output of layer l + 1 (its z) to that of layer l.
 *
 *   chain            g_l = n Var(W) E f'(z_l)^2 g_{l+1},  q_{l+1} = n Var(W) E f(z_l)^2 + Var(b)
 *   with ln          the same of z / sqrt(q): f at q = 1, and g divided by q
 *   with bn          E f'^2 / Var f at q = 1 (Yang et al. 2019, arXiv:1902.08129), large batch
 *   blocks x + f     1 + n Var(W) E f'^2 (Yang and Schoenholz 2017, arXiv:1712.08969); normalised: divided by the length
 *
 * `layers` is how many; the inputs have the mean square 1. */
export function growths(setting: Setting, layers: number, at: At): number[] {
  const { width, init, gain, biasStd, norm, residual } = setting;
  const weight = width * initVariance(init, gain, width, width);
  const bias = biasStd * biasStd;
  const unit = norm === "none" ? null : at(1);
  const spread = unit ? unit.value2 - unit.value * unit.value : 0;
  const result: number[] = [];
  let length = 1; // E x^2 of what a layer reads
  let mean = 0;
  let variance = 1; // of one feature over the batch
  for (let l = 0; l < layers; ++l) {
    const q = weight * length + bias;
    const m = unit ?? at(q);
    let chi = weight * m.derivative2;
    if (norm === "ln") chi /= q;
    if (norm === "bn") chi = m.derivative2 / (residual ? variance : spread);
    result.push(Math.log2(residual ? 1 + chi : chi));
    if (residual) {
      length += m.value2 + 2 * mean * m.value;
      mean += m.value;
      variance += m.value2 - m.value * m.value;
    } else {
      length = m.value2;
    }
  }
  return result;
}

/** The typical network lies below the mean over networks, by this in log2 of the square for each layer of a chain
 * (plumb/theory/finite_width.h). */
function typicalShift(m: Moments, width: number): number {
  if (!(m.derivative2 > 0)) return 0;
  const kappa = m.derivative4 / (m.derivative2 * m.derivative2);
  return -Math.log2(1 + (3 * kappa - 1) / width) / 2;
}

/** log2 rms of dLoss/dz of each layer from the input up, tied to what was measured at the last one. */
export function predictProfile(setting: Setting, lastGradZ: number, firstZ: number): number[] {
  const activation = makeActivation(setting.activation, setting.slope);
  const { width, init, gain, depth, biasStd, norm, residual } = setting;
  const weight = width * initVariance(init, gain, width, width);
  const lastWeight = kClasses * initVariance(init, gain, width, kClasses);
  const at: At = (q) => moments(activation, q);
  const profile = new Array<number>(depth + 1).fill(0);
  profile[depth] = lastGradZ;
  if (norm === "none" && !residual) {
    // Lengths from the first layer up, as measured there.
    let q = 2 ** (2 * firstZ);
    const layers: Moments[] = [];
    for (let l = 0; l < depth; ++l) {
      layers.push(at(q));
      q = weight * layers[l]!.value2 + biasStd * biasStd;
    }
    for (let l = depth - 1; l >= 0; --l) {
      const factor = l === depth - 1 ? lastWeight : weight;
      const m = layers[l]!;
      profile[l] = profile[l + 1]! + Math.log2(factor * m.derivative2) / 2 + typicalShift(m, width) / 2;
    }
    return profile;
  }
  const steps = growths(setting, depth, at);
  // The gradient at the top of the last hidden layer, then at z inside each layer or block.
  const top = lastGradZ + Math.log2(lastWeight) / 2;
  const unit = norm === "none" ? null : at(1);
  let length = 1;
  let mean = 0;
  let variance = 1;
  const inside: number[] = []; // log2 of the square, from the layer's output to its z
  for (let l = 0; l < depth; ++l) {
    const q = weight * length + biasStd * biasStd;
    const m = unit ?? at(q);
    const spread = norm === "bn" ? weight * variance : q;
    inside.push(Math.log2(m.derivative2 / (norm === "none" ? 1 : spread)));
    length = residual ? length + m.value2 + 2 * mean * m.value : m.value2;
    variance = residual ? variance + m.value2 - m.value * m.value : m.value2 - m.value * m.value;
    mean += m.value;
  }
  let above = 2 * top;
  for (let l = depth - 1; l >= 0; --l) {
    profile[l] = (above + inside[l]!) / 2;
    above += residual ? steps[l]! : Math.log2(weight) + inside[l]!;
  }
  return profile;
}

export const kMapDepth = 100;
export const kGains = { least: 0.25, most: 16, count: 73 };

export function gainAt(column: number): number {
  return kGains.least * (kGains.most / kGains.least) ** (column / (kGains.count - 1));
}

/** log10 of the norm of the gradient at layer 1 against that at the last layer, the one behind the hidden ones; with shortcuts at
 * the output of the first block. At place d - 1 for d hidden layers. */
export function reaches(setting: Setting, layers: number, at: At): Float64Array {
  const { width, init, gain, residual } = setting;
  const steps = growths(setting, layers, at);
  const last = Math.log2(width * initVariance(init, gain, width, kClasses));
  const hidden = Math.log2(width * initVariance(init, gain, width, width));
  const values = new Float64Array(layers);
  let sum = residual ? last : last - hidden;
  for (let l = 0; l < layers; ++l) {
    if (!residual || l > 0) sum += steps[l]!;
    values[l] = (sum / 2) * Math.log10(2);
  }
  return values;
}

/** The same for every gain of the map, [column of gain][depth - 1]. */
export function map(setting: Setting, at: At): Float64Array[] {
  return Array.from({ length: kGains.count }, (_, column) => reaches({ ...setting, gain: gainAt(column) }, kMapDepth, at));
}
