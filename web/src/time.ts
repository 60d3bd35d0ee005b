// SPDX-License-Identifier: Apache-2.0
import { layerText, pathText } from "./ledger";
import type { LayerId, Measured, Run, TimeRecord, Value } from "./store";

/** One recurrent layer of one run, in one direction. */
export interface TimePlace {
  run: Run;
  layer: LayerId;
  reverse: boolean;
  label: string;
}

const kMostPlaces = 4; // beside each other; more would be too small to read

export function timePlaces(runs: readonly Run[]): TimePlace[] {
  const places = runs.flatMap((run) => {
    const seen = new Map<string, TimePlace>();
    for (const measured of run.measured) {
      for (const { layer, reverse } of measured.times) {
        const label = `${layerText(run, layer)} (${pathText(run, layer)})${reverse ? ", backwards" : ""}`;
        const key = `${layer} ${reverse}`;
        if (!seen.has(key)) seen.set(key, { run, layer, reverse, label });
      }
    }
    return [...seen.values()];
  });
  return places.slice(0, kMostPlaces);
}

export function timeAt(place: TimePlace, measured: Measured | undefined): TimeRecord | undefined {
  return measured?.times.find((one) => one.layer === place.layer && one.reverse === place.reverse);
}

/** "forget gate" for "forget_gate", "through the forget gate" for its part of the way back. */
export function quantityName(name: string): string {
  if (name === "grad_h_by_carry") return "carried directly";
  if (name.startsWith("grad_h_by_")) return `through the ${name.slice("grad_h_by_".length).replaceAll("_", " ")}`;
  return name.replaceAll("_", " ");
}

/** Whether what is kept of the last step alone is another story than the whole gradient: by half a power of ten. */
export function keptDiffers(record: TimeRecord): boolean {
  return record.kept.some((kept, i) => {
    const whole = record.gradient[i];
    return kept !== null && whole !== null && whole !== undefined && Math.abs(kept - whole) > 0.5;
  });
}

/** Values in the flat ends, low and high together. */
export function flatFraction(gate: TimeRecord["gates"][string], i: number): Value {
  const low = gate.low_fraction?.[i] ?? null;
  const high = gate.high_fraction?.[i] ?? null;
  return low === null || high === null ? null : low + high;
}
