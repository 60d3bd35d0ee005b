// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from "../cursor";
import type { Range } from "../scale";
import { timeAt, type TimePlace } from "../time";
import type { Panel } from "./chart";
import { endOf, heatPanel, type HeatData } from "./heatmap";

export function timeHeatPanel(place: TimePlace, range: () => Range, cursor: Cursor): Panel {
  return heatPanel(place.label, () => timeHeat(place), range, cursor);
}

/** The gradient over time and training step. */
export function timeHeat(place: TimePlace): HeatData {
  const records = place.run.measured.flatMap((m) => {
    const record = timeAt(place, m);
    return record ? [{ step: m.step, record, zero: new Set(record.zero) }] : [];
  });
  const times = records[0]?.record.t ?? [];
  return {
    steps: records.map((one) => one.step),
    end: endOf(place.run),
    rows: times.length,
    rowName: (row) => String(times[row]),
    row: "time step",
    value: (column, row) => records[column]!.record.gradient[row] ?? null,
    state: (column, row) => {
      const { record, zero } = records[column]!;
      return zero.has(times[row]!) ? "zero" : (record.gradient[row] ?? null) === null ? "absent" : "ok";
    },
  };
}
