// SPDX-License-Identifier: Apache-2.0
// Slopes of activations, as docs/math has them; what is not here is drawn without its curve.

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const gauss = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** The normal distribution function; Abramowitz and Stegun 7.1.26, wrong by 1.5e-7 at most. */
function normal(x: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
  const tail = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * Math.exp((-x * x) / 2);
  return x >= 0 ? 1 - tail / 2 : tail / 2;
}

const kSelu = { alpha: 1.6732632423543772, scale: 1.0507009873554805 };

const kSlopes: Record<string, (x: number, parameter: number) => number> = {
  sigmoid: (x) => sigmoid(x) * (1 - sigmoid(x)),
  tanh: (x) => 1 - Math.tanh(x) ** 2,
  relu: (x) => (x > 0 ? 1 : 0),
  relu6: (x) => (x > 0 && x < 6 ? 1 : 0),
  leaky_relu: (x, slope) => (x > 0 ? 1 : Number.isNaN(slope) ? 0.01 : slope),
  elu: (x, alpha) => (x > 0 ? 1 : (Number.isNaN(alpha) ? 1 : alpha) * Math.exp(x)),
  selu: (x) => kSelu.scale * (x > 0 ? 1 : kSelu.alpha * Math.exp(x)),
  gelu: (x) => normal(x) + x * gauss(x),
  silu: (x) => sigmoid(x) * (1 + x * (1 - sigmoid(x))),
  softplus: (x) => sigmoid(x),
  softsign: (x) => 1 / (1 + Math.abs(x)) ** 2,
};

/** f' of an activation by its name in plumb theory ("leaky_relu 0.2"); undefined for one that is not known here. */
export function slopeOf(name: string): ((x: number) => number) | undefined {
  const [kind = "", parameter] = name.split(" ");
  const slope = kSlopes[kind];
  return slope && ((x) => slope(x, Number(parameter ?? NaN)));
}
