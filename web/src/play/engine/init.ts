// SPDX-License-Identifier: Apache-2.0
// The initialisers of plumb/nn/init.h that the page offers. Element i depends on (seed, name, i) alone, so what is
// drawn once is scaled ever after: dragging the gain costs a multiplication.
import { Rng } from "./rng";

export const kInits = ["pytorch", "lecun_normal", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "orthogonal"] as const;
export type InitName = (typeof kInits)[number];

interface Rule {
  draw: "normal" | "uniform" | "orthogonal";
  /** The factor of what is drawn, with gain 1: of N(0, 1), of U(-1, 1), of Q. */
  factor(fanIn: number, fanOut: number): number;
}

const kRules: Record<InitName, Rule> = {
  pytorch: { draw: "uniform", factor: (fanIn) => 1 / Math.sqrt(fanIn) },
  lecun_normal: { draw: "normal", factor: (fanIn) => Math.sqrt(1 / fanIn) },
  glorot_normal: { draw: "normal", factor: (fanIn, fanOut) => Math.sqrt(2 / (fanIn + fanOut)) },
  glorot_uniform: { draw: "uniform", factor: (fanIn, fanOut) => Math.sqrt(3 * (2 / (fanIn + fanOut))) },
  he_normal: { draw: "normal", factor: (fanIn) => Math.sqrt(2 / fanIn) },
  he_uniform: { draw: "uniform", factor: (fanIn) => Math.sqrt(3 * (2 / fanIn)) },
  orthogonal: { draw: "orthogonal", factor: () => 1 },
};

/** Of one entry. */
export function initVariance(init: InitName, gain: number, fanIn: number, fanOut: number): number {
  const rule = kRules[init];
  const factor = gain * rule.factor(fanIn, fanOut);
  if (rule.draw === "uniform") return (factor * factor) / 3;
  return rule.draw === "normal" ? factor * factor : (factor * factor) / Math.max(fanIn, fanOut);
}

const drawn = new Map<string, Float64Array>();
const kMostDrawn = 6_000_000; // numbers, 48 MB
let drawnSize = 0;

function remember(key: string, make: () => Float64Array): Float64Array {
  const known = drawn.get(key);
  if (known) return known;
  const values = make();
  if (drawnSize + values.length > kMostDrawn) {
    drawn.clear();
    drawnSize = 0;
  }
  drawn.set(key, values);
  drawnSize += values.length;
  return values;
}

function normals(rng: Rng, count: number): Float64Array {
  const values = new Float64Array(count);
  for (let i = 0; i < count; ++i) values[i] = rng.normal(i);
  return values;
}

/** A weight [rows, columns] of the parameter called `name`. */
export function drawWeight(init: InitName, gain: number, seed: number, name: string, rows: number, columns: number): Float64Array {
  const rule = kRules[init];
  const size = rows * columns;
  const factor = gain * rule.factor(columns, rows);
  const values = new Float64Array(size);
  const source = remember(`${rule.draw} ${seed} ${name} ${rows} ${columns}`, () => {
    const rng = Rng.of(seed, `init/${name}`);
    if (rule.draw === "orthogonal") return orthogonal(rows, columns, rng);
    if (rule.draw === "normal") return normals(rng, size);
    const uniforms = new Float64Array(size);
    for (let i = 0; i < size; ++i) uniforms[i] = rng.uniform(i);
    return uniforms;
  });
  if (rule.draw === "uniform") {
    const span = factor - -factor;
    for (let i = 0; i < size; ++i) values[i] = -factor + span * source[i]!;
  } else {
    for (let i = 0; i < size; ++i) values[i] = factor * source[i]!;
  }
  return values;
}

/** A bias of N(0, deviation^2). */
export function drawBias(deviation: number, seed: number, name: string, size: number): Float64Array {
  const values = new Float64Array(size);
  if (deviation === 0) return values;
  const source = remember(`normal ${seed} ${name} ${size}`, () => normals(Rng.of(seed, `init/${name}`), size));
  for (let i = 0; i < size; ++i) values[i] = deviation * source[i]!;
  return values;
}

/** Q of the QR decomposition of a normal matrix, signs fixed, by Householder's reflections (plumb/nn/orthogonal.cpp). */
function orthogonal(rows: number, columns: number, rng: Rng): Float64Array {
  const m = Math.max(rows, columns);
  const n = Math.min(rows, columns);
  const a = normals(rng, m * n);
  const w = new Float64Array(n);
  const signs = new Float64Array(n);
  const reflections: { v: Float64Array; factor: number }[] = [];
  const reflect = (k: number, { v, factor }: { v: Float64Array; factor: number }) => {
    w.fill(0);
    for (let i = 0; i < v.length; ++i) for (let j = k; j < n; ++j) w[j]! += v[i]! * a[(k + i) * n + j]!;
    for (let i = 0; i < v.length; ++i) {
      const scaled = factor * v[i]!;
      for (let j = k; j < n; ++j) a[(k + i) * n + j]! -= scaled * w[j]!;
    }
  };
  const sign = (x: number) => (x < 0 || Object.is(x, -0) ? -1 : 1);
  for (let k = 0; k < n; ++k) {
    const v = new Float64Array(m - k);
    let squares = 0;
    for (let i = k; i < m; ++i) {
      v[i - k] = a[i * n + k]!;
      squares += v[i - k]! * v[i - k]!;
    }
    v[0]! += sign(v[0]!) * Math.sqrt(squares);
    let length = 0;
    for (const x of v) length += x * x;
    reflections.push({ v, factor: length > 0 ? 2 / length : 0 });
    reflect(k, reflections[k]!);
    signs[k] = sign(a[k * n + k]!);
  }
  a.fill(0);
  for (let k = n - 1; k >= 0; --k) {
    a[k * n + k] = 1;
    reflect(k, reflections[k]!);
  }
  const q = new Float64Array(rows * columns);
  for (let i = 0; i < m; ++i) {
    for (let j = 0; j < n; ++j) q[rows >= columns ? i * n + j : j * m + i] = a[i * n + j]! * signs[j]!;
  }
  return q;
}
