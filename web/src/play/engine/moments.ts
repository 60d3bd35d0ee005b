// SPDX-License-Identifier: Apache-2.0
// Means over z ~ N(0, q) of an activation, by panels of Gauss and Legendre (plumb/theory/quadrature.h).
import type { Activation } from "./activation";

export interface Moments {
  value: number; // E f
  value2: number; // E f^2
  derivative2: number; // E f'^2
  derivative4: number; // E f'^4
}

const kOrder = 16;
const kReach = 13; // standard deviations
const kWidestPanel = 1.5;

const kRule = Array.from({ length: kOrder }, (_, i) => {
  let x = -Math.cos((Math.PI * (i + 0.75)) / (kOrder + 0.5));
  let slope = 1;
  for (let iteration = 0; iteration < 8; ++iteration) {
    let p = 1;
    let before = 0;
    for (let k = 1; k <= kOrder; ++k) [before, p] = [p, ((2 * k - 1) * x * p - (k - 1) * before) / k];
    slope = (kOrder * (x * p - before)) / (x * x - 1);
    x -= p / slope;
  }
  return { x, weight: 2 / ((1 - x * x) * slope * slope) };
});

export function moments(activation: Activation, q: number): Moments {
  const deviation = Math.sqrt(Math.min(Math.max(q, 1e-200), 1e200));
  // Where the integrand is special: around 0 on the scale of 1, and at the kinks, where it is only split.
  const features = [{ at: 0, width: 1 }, ...activation.kinks.map((at) => ({ at, width: Infinity }))];
  const widest = (x: number) =>
    features.reduce((width, f) => Math.min(width, Math.max(f.width, Math.abs(x - f.at) / 2)), kWidestPanel * deviation);
  const result: Moments = { value: 0, value2: 0, derivative2: 0, derivative4: 0 };
  const end = kReach * deviation;
  for (let begin = -end; begin < end; ) {
    const boundary = features.reduce((stop, f) => (f.at > begin ? Math.min(stop, f.at) : stop), end);
    let stop = begin + widest(begin);
    if (!(stop > begin) || stop > boundary - 0.25 * (stop - begin)) stop = boundary;
    const half = (stop - begin) / 2;
    for (const node of kRule) {
      const x = begin + half + half * node.x;
      const s = x / deviation;
      const weight = (node.weight * half * Math.exp((-s * s) / 2)) / (deviation * Math.sqrt(2 * Math.PI));
      const f = activation.value(x);
      const slope2 = activation.derivative(x) ** 2;
      result.value += weight * f;
      result.value2 += weight * f * f;
      result.derivative2 += weight * slope2;
      result.derivative4 += weight * slope2 * slope2;
    }
    begin = stop;
  }
  return result;
}

const kFrom = -60;
const kTo = 60;
const kPerOctave = 2;

/** The moments on a grid of log2 q, between whose points they are interpolated: some digits, at the cost of a look-up. */
export class MomentTable {
  private readonly rows: Moments[];
  constructor(activation: Activation) {
    this.rows = Array.from({ length: (kTo - kFrom) * kPerOctave + 1 }, (_, i) => moments(activation, 2 ** (kFrom + i / kPerOctave)));
  }
  at(q: number): Moments {
    const place = (Math.min(Math.max(Math.log2(q), kFrom), kTo - 1e-9) - kFrom) * kPerOctave;
    const i = Math.floor(place);
    const t = place - i;
    const [a, b] = [this.rows[i]!, this.rows[i + 1]!];
    // Along the logarithm where both are positive: moments are powers of q far from 1.
    const between = (x: number, y: number) => (x > 0 && y > 0 ? x * (y / x) ** t : x + (y - x) * t);
    return {
      value: between(a.value, b.value),
      value2: between(a.value2, b.value2),
      derivative2: between(a.derivative2, b.derivative2),
      derivative4: between(a.derivative4, b.derivative4),
    };
  }
}
