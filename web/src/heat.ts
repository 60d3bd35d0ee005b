// SPDX-License-Identifier: Apache-2.0
import type { HeatCell } from "./charts/heat_chart";
import { thin } from "./scale";
import type { Run } from "./types";

export interface Heat {
  steps: number[];
  layers: { label: string; first: number; last: number }[]; // input side first
  cells: HeatCell[];
}

/** The flow gradient over depth and step, in few enough cells to draw: steps are picked evenly, and layers
 * that share a row show the smallest gradient among them. */
export function heat(run: Run, atMostSteps = 90, atMostLayers = 48): Heat {
  const picked = thin(run.measured.length, atMostSteps).map((i) => run.measured[i]!);
  const count = run.profile.length;
  const rows = Math.min(count, atMostLayers);
  const result: Heat = { steps: picked.map((m) => m.step), layers: [], cells: [] };
  for (let y = 0; y < rows; ++y) {
    const first = Math.floor((y * count) / rows);
    const last = Math.floor(((y + 1) * count) / rows) - 1;
    const a = run.profile[first]!.depth;
    const b = run.profile[last]!.depth;
    result.layers.push({ label: a === b ? String(a) : `${a}–${b}`, first, last });
    picked.forEach((measured, x) => {
      const values = measured.flow.grad_z.slice(first, last + 1);
      const mark = measured.marks.filter((m) => m.layer >= first && m.layer <= last);
      const numbers = values.filter((v): v is number => v !== null);
      const value = numbers.length > 0 ? Math.min(...numbers) : null;
      const state = mark.some((m) => m.state === "nonfinite")
        ? "nonfinite"
        : mark.length > 0
          ? "zero"
          : value === null
            ? "absent"
            : "ok";
      result.cells.push({ x, y, value: state === "ok" ? value : null, state });
    });
  }
  return result;
}
