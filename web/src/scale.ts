// SPDX-License-Identifier: Apache-2.0
import type { Value } from "./store";

export interface Range {
  min: number;
  max: number;
}

/** The range of all values that are numbers, rounded out to the ticks of its axis, at least `least` wide. */
export function decadeRange(values: Iterable<Value>, least = 3): Range {
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    if (value === null) continue;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (min > max) return { min: -least, max: 0 };
  // Flat data stand in the middle of their room.
  const missing = least - (max - min);
  max = Math.ceil(max - 0.05 + Math.max(0, missing / 2 - 0.5));
  min = Math.min(min, max - least);
  const tick = decadeInterval({ min, max });
  return { min: Math.floor(min / tick) * tick, max: Math.ceil(max / tick) * tick || 0 };
}

/** A whole number of decades between two ticks, so that about `ticks` of them fit. */
export function decadeInterval(range: Range, ticks = 6): number {
  const raw = (range.max - range.min) / ticks;
  for (const nice of [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000]) {
    if (raw <= nice) return nice;
  }
  return 2000;
}

/** Round numbers for an axis over the layers `before` + 1 to `before` + `count`, both ends among them. */
export function layerTicks(count: number, width: number, before = 0): number[] {
  const room = Math.max(2, Math.floor(width / 60));
  const nice = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000].find((n) => count / n <= room) ?? count;
  const first = before + 1;
  const last = before + count;
  const ticks = [first];
  for (let at = Math.ceil(first / nice) * nice; at < last; at += nice) {
    if (at > first + nice / 2 && at <= last - nice / 2) ticks.push(at);
  }
  return count > 1 ? [...ticks, last] : ticks;
}

/** At most `atMost` places of `count`, evenly spread, first and last among them. */
export function thin(count: number, atMost: number): number[] {
  const kept = Math.min(count, atMost);
  return Array.from({ length: kept }, (_, i) =>
    kept < 2 ? 0 : Math.floor((i * (count - 1)) / (kept - 1)),
  );
}

/** The last place whose value is at most `x`; 0 if there is none. `ascending` must not be empty. */
export function lastAtMost(ascending: readonly number[], x: number): number {
  let found = 0;
  ascending.forEach((value, i) => {
    if (value <= x) found = i;
  });
  return found;
}
