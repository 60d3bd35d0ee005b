// SPDX-License-Identifier: Apache-2.0
import type { Flow, Report } from "./types";

const kSchema = 2;
const kColumns: readonly (keyof Flow)[] = [
  "grad_z", "grad_weight", "a", "weight", "update_ratio", "saturated_fraction", "dead_fraction",
];

/** The report of the page. A column of the flow that is left out was measured nowhere: it comes back full of nulls. */
export function readReport(text: string): Report {
  const report = JSON.parse(text) as Report;
  if (report.schema !== kSchema) throw new Error(`schema ${report.schema}, expected ${kSchema}`);
  for (const run of report.runs) {
    for (const measured of run.measured) {
      complete(measured.flow, run.profile.length);
      complete(measured.beside.flow, run.beside.length);
    }
  }
  return report;
}

function complete(flow: Flow, length: number): void {
  for (const name of kColumns) flow[name] ??= Array<null>(length).fill(null);
}
