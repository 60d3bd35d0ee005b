// SPDX-License-Identifier: Apache-2.0
// What the page can be set to: a chain of equal layers, or of equal blocks, and how it starts.
import type { ActivationName } from "./activation";
import { makeActivation } from "./activation";
import { kBatch, kClasses, kSamples } from "./data";
import type { InitName } from "./init";

export const kNorms = ["none", "ln", "bn"] as const;
export type Norm = (typeof kNorms)[number];

export interface Setting {
  activation: ActivationName;
  slope: number; // of leaky_relu
  depth: number; // hidden layers
  width: number;
  init: InitName;
  gain: number;
  biasStd: number;
  residual: boolean;
  norm: Norm;
  rate: number;
  seed: number;
}

export const kDefault: Setting = {
  activation: "sigmoid",
  slope: 0.2,
  depth: 30,
  width: 64,
  init: "pytorch",
  gain: 1,
  biasStd: 0,
  residual: false,
  norm: "none",
  rate: 0.1,
  seed: 0,
};

/** In the network language. */
export function networkText(setting: Setting): string {
  const norm = setting.norm === "none" ? "" : ` > ${setting.norm}`;
  const chain = `dense ${setting.width}${norm} > ${makeActivation(setting.activation, setting.slope).text}`;
  return `${setting.depth} x [${setting.residual ? `res[${chain}]` : chain}] > dense ${kClasses}`;
}

function flags(setting: Setting): string {
  return [
    `"${networkText(setting)}"`,
    `--data "teacher?n=${kSamples}&in=${setting.width}&classes=${kClasses}"`,
    `--batch ${kBatch}`,
    `--init ${setting.init}`,
    setting.gain === 1 ? "" : `--gain ${setting.gain}`,
    `--bias-init ${setting.biasStd === 0 ? "zeros" : `normal:${setting.biasStd}`}`,
    `--seed ${setting.seed}`,
    "--precision double",
  ]
    .filter((flag) => flag !== "")
    .join(" ");
}

/** The very network and batch of the page, measured by plumb. */
export function probeCommand(setting: Setting): string {
  return `plumb probe ${flags(setting)}`;
}

/** The very training of the page. */
export function trainCommand(setting: Setting, steps: number): string {
  return `plumb train ${flags(setting)} --validation 0 --lr ${setting.rate} --steps ${steps}`;
}
