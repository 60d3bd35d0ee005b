// SPDX-License-Identifier: Apache-2.0
// The activations of the page: values and derivatives as in plumb/kernels/ref/, in double.

export interface Activation {
  readonly name: string;
  /** As the network language writes it: "leaky_relu 0.2". */
  readonly text: string;
  value(x: number): number;
  derivative(x: number): number;
  /** Where f or f' jumps: quadrature splits there. */
  readonly kinks: readonly number[];
}

export const kActivations = [
  "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus", "softsign", "hardtanh", "identity",
] as const;
export type ActivationName = (typeof kActivations)[number];

function logistic(x: number): number {
  const e = Math.exp(-Math.abs(x));
  return (x < 0 ? e : 1) / (1 + e);
}

/** Without the cancellation of y (1 - y) in the tails. */
function logisticSlope(x: number): number {
  const e = Math.exp(-Math.abs(x));
  return e / ((1 + e) * (1 + e));
}

const kSqrtPi = Math.sqrt(Math.PI);

/** 1 - erf(x): the series with positive terms near 0, the continued fraction of Lentz in the tail. */
export function erfc(x: number): number {
  const size = Math.abs(x);
  if (Number.isNaN(x)) return NaN;
  if (size < 2.5) {
    let term = size;
    let sum = size;
    for (let n = 1; term > 1e-18 * sum; ++n) {
      term *= (2 * size * size) / (2 * n + 1);
      sum += term;
    }
    const erf = (2 / kSqrtPi) * Math.exp(-size * size) * sum;
    return x < 0 ? 1 + erf : 1 - erf;
  }
  if (size > 27) return x < 0 ? 2 : 0;
  // x + (1/2) / (x + 1 / (x + (3/2) / (x + ...))), from the end.
  let fraction = size;
  for (let k = 120; k > 0; --k) fraction = size + k / 2 / fraction;
  const tail = Math.exp(-size * size) / (kSqrtPi * fraction);
  return x < 0 ? 2 - tail : tail;
}

const normalCdf = (x: number) => 0.5 * erfc(-x / Math.SQRT2);

const kSeluScale = 1.0507009873554805;
const kSeluAlpha = 1.6732632423543772;

interface Definition {
  value(x: number): number;
  derivative(x: number): number;
  kinks?: readonly number[];
}

function mishParts(x: number): { tanh: number; slope: number } {
  const t = Math.exp(-Math.abs(x));
  const divisor = x < 0 ? 2 + t * (2 + t) : 1 + 2 * t * (1 + t);
  return {
    tanh: (x < 0 ? t * (2 + t) : 1 + 2 * t) / divisor,
    slope: (4 * (x < 0 ? t : t * t) * (1 + t)) / (divisor * divisor),
  };
}

const kDefinitions: Record<Exclude<ActivationName, "leaky_relu">, Definition> = {
  sigmoid: { value: logistic, derivative: logisticSlope },
  tanh: { value: Math.tanh, derivative: (x) => 4 * logisticSlope(2 * x) },
  relu: { value: (x) => (x < 0 ? 0 : x), derivative: (x) => (x <= 0 ? 0 : 1), kinks: [0] },
  elu: { value: (x) => (x > 0 ? x : Math.expm1(x)), derivative: (x) => (x > 0 ? 1 : Math.exp(x)), kinks: [0] },
  selu: {
    value: (x) => (x > 0 ? kSeluScale * x : kSeluScale * kSeluAlpha * Math.expm1(x)),
    derivative: (x) => (x > 0 ? kSeluScale : kSeluScale * kSeluAlpha * Math.exp(x)),
    kinks: [0],
  },
  gelu: {
    value: (x) => x * normalCdf(x),
    derivative: (x) => normalCdf(x) + x * (Math.exp(-0.5 * x * x) / (kSqrtPi * Math.SQRT2)),
  },
  silu: { value: (x) => x * logistic(x), derivative: (x) => logistic(x) + x * logisticSlope(x) },
  mish: {
    value: (x) => x * mishParts(x).tanh,
    derivative: (x) => {
      const { tanh, slope } = mishParts(x);
      return tanh + x * slope;
    },
  },
  softplus: { value: (x) => (x < 0 ? 0 : x) + Math.log1p(Math.exp(-Math.abs(x))), derivative: logistic },
  softsign: {
    value: (x) => x / (1 + Math.abs(x)),
    derivative: (x) => {
      const root = 1 / (1 + Math.abs(x));
      return root * root;
    },
    kinks: [0],
  },
  hardtanh: {
    value: (x) => (x < -1 ? -1 : x > 1 ? 1 : x),
    derivative: (x) => (x <= -1 || x >= 1 ? 0 : 1),
    kinks: [-1, 1],
  },
  identity: { value: (x) => x, derivative: () => 1 },
};

/** `slope` is that of leaky_relu below 0; the others have none. */
export function makeActivation(name: ActivationName, slope = 0.01): Activation {
  if (name === "leaky_relu") {
    return {
      name,
      text: `leaky_relu ${slope}`,
      value: (x) => (x > 0 ? x : slope * x),
      derivative: (x) => (x > 0 ? 1 : slope),
      kinks: [0],
    };
  }
  return { name, text: name, kinks: [], ...kDefinitions[name] };
}
