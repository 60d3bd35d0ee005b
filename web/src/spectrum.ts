// SPDX-License-Identifier: Apache-2.0
import { lastAtMost } from "./scale";
import type { Run, Spectrum, SpectrumRole } from "./store";

export type RoleName = keyof Spectrum["roles"];
export type FormatName = keyof NonNullable<SpectrumRole["lost"]>;

export const kRoleNames: Record<RoleName, string> = {
  grad_z: "gradient that arrives (dLoss/dz)",
  grad_weight: "gradient of the weight (dLoss/dw)",
  z: "z, before the activation",
  a: "a, behind the activation",
  weight: "weights",
};

/** Number formats by the powers of two at which they begin and end: the smallest subnormal and normal number, and the
 * power above the largest. */
export const kFormats: readonly { key: FormatName; name: string; subnormal: number; normal: number; end: number }[] = [
  { key: "bf16", name: "bf16", subnormal: -133, normal: -126, end: 128 },
  { key: "fp16", name: "fp16", subnormal: -24, normal: -14, end: 16 },
  { key: "fp8_e5m2", name: "fp8 e5m2", subnormal: -16, normal: -14, end: 16 },
  { key: "fp8_e4m3", name: "fp8 e4m3", subnormal: -9, normal: -6, end: 9 },
];

const kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** The share that a sign of `bins` stands for. */
export function share(sign: string): number {
  return (kDigits.indexOf(sign) / 63) ** 2;
}

export function rolesOf(run: Run): RoleName[] {
  return (Object.keys(kRoleNames) as RoleName[]).filter((role) => run.spectra.some((one) => one.roles[role]));
}

/** The last one at or before the step, else the first. */
export function spectrumAt(run: Run, step: number): Spectrum | undefined {
  if (run.spectra.length === 0) return undefined;
  return run.spectra[lastAtMost(run.spectra.map((one) => one.step), step)];
}

/** Octaves in use over all steps, from the lowest to behind the highest. */
export function octaves(run: Run, role: RoleName): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const spectrum of run.spectra) {
    const at = spectrum.roles[role];
    at?.low.forEach((first, i) => {
      if (first === null) return;
      low = Math.min(low, first);
      high = Math.max(high, first + at.bins[i]!.length);
    });
  }
  return low > high ? [-1, 0] : [low, high];
}

/** The share of the values of a layer in the octave that begins at 2^exponent. */
export function shareAt(at: SpectrumRole, layer: number, exponent: number): number {
  const low = at.low[layer];
  if (low === null || low === undefined) return 0;
  const sign = at.bins[layer]?.[exponent - low];
  return sign === undefined ? 0 : share(sign);
}

/** What a format would lose of the layer's values that are not zero. */
export function lostAt(at: SpectrumRole, format: FormatName, layer: number): number {
  return at.lost?.[format]?.[layer] ?? 0;
}

/** The layer that loses most. */
export function worstLoss(at: SpectrumRole, format: FormatName): { layer: number; lost: number } {
  const column = at.lost?.[format] ?? [];
  let layer = 0;
  column.forEach((lost, i) => {
    if (lost > (column[layer] ?? 0)) layer = i;
  });
  return { layer, lost: column[layer] ?? 0 };
}

/** The octave in the middle of a layer's values, null where there are none. */
export function medianOctave(at: SpectrumRole, layer: number): number | null {
  const low = at.low[layer];
  if (low === null || low === undefined) return null;
  const shares = Array.from(at.bins[layer] ?? "", share);
  const half = shares.reduce((a, b) => a + b, 0) / 2;
  let sum = 0;
  for (let k = 0; k < shares.length; ++k) {
    sum += shares[k]!;
    if (sum >= half) return low + k;
  }
  return low;
}
