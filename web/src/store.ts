// SPDX-License-Identifier: Apache-2.0
// The data of the page: runs as columns. Everything that is shown is a function of a run, a step and a layer.
import type * as Json from "./types";

export type { Books, BookWay, Cause, Command, Evidence, Finding, Info, Join, Layer, LayerId, Ledger, Place, Severity, Spectrum, SpectrumRole, Theory, TimeRecord, TimeSummary, Value } from "./types";

export type Flow = Required<Json.Flow>;
export type FlowColumn = keyof Flow;
/** Why a place of a column has no number, if it has none. */
export type State = "ok" | "zero" | "nonfinite" | "absent";
type Marks = Partial<Record<FlowColumn, ReadonlySet<number>>>;

/** Columns side by side, with what in them has no logarithm. */
export interface Columns {
  flow: Flow;
  zero: Marks;
  nonfinite: Marks;
}

export interface Measured extends Omit<Json.Measured, "flow" | "zero" | "nonfinite" | "beside">, Columns {
  beside: Columns;
}

export interface Run extends Omit<Json.Run, "measured"> {
  measured: Measured[];
  letter: string; // "A": what charts and tables call it among others
  name: string; // of its file, or what else is known of it
  place: number;
}

export interface Report {
  schema: number;
  runs: Run[];
  proof: Json.Proof | null; // of the cure to which the runs belong
}

export const kSchema = 3;
export const kColumns: readonly FlowColumn[] = [
  "grad_z", "grad_weight", "a", "weight", "update_ratio", "saturated_fraction", "dead_fraction",
];

/** The report of the page. A column of the flow that is left out was measured nowhere: it comes back full of nulls. */
export function readReport(text: string): Report {
  const report = JSON.parse(text) as Json.Report;
  if (report.schema !== kSchema) throw new Error(`schema ${report.schema}, expected ${kSchema}`);
  return { schema: report.schema, runs: report.runs.map(readRun), proof: report.proof ?? null };
}

export function readRun(run: Json.Run, place: number): Run {
  const empty: Json.Run = { ...run, measured: [], spectra: [], series: { step: [], loss: [], accuracy: [], grad_norm: [], learning_rate: [], validation: [] } };
  const one: Run = { ...empty, measured: [], letter: String.fromCharCode(65 + place), name: run.file || run.label, place };
  append(one, run);
  return one;
}

/** What came since: all of the run as it is now, and of what belongs to steps only what is new. Steps that are there stay
 * as they are. */
export function append(run: Run, delta: Json.Run): void {
  const { measured, spectra, series, ...now } = delta;
  const after = <T extends { step: number }>(known: readonly T[], all: readonly T[]) => {
    const last = known.at(-1)?.step ?? -1;
    return all.filter((one) => one.step > last);
  };
  Object.assign(run, now);
  for (const one of after<{ step: number }>(run.measured, measured) as Json.Measured[]) {
    run.measured.push({ ...one, ...columns(one, run.profile.length), beside: columns(one.beside, run.beside.length) });
  }
  run.spectra.push(...after(run.spectra, spectra));
  const last = run.series.step.at(-1) ?? -1;
  series.step.forEach((step, i) => {
    if (step <= last) return;
    for (const name of ["step", "loss", "accuracy", "grad_norm", "learning_rate"] as const) (run.series[name] as Json.Value[]).push(series[name][i] ?? null);
  });
  run.series.validation.push(...after(run.series.validation, series.validation));
}

function columns(from: Json.Columns, length: number): Columns {
  const flow = {} as Flow;
  for (const name of kColumns) flow[name] = from.flow[name] ?? Array<null>(length).fill(null);
  return { flow, zero: marks(from.zero), nonfinite: marks(from.nonfinite) };
}

function marks(from: Json.Ranges | undefined): Marks {
  const result: Marks = {};
  for (const [name, ranges] of Object.entries(from ?? {})) {
    const places = new Set<number>();
    for (const [first, last] of ranges) for (let i = first; i <= last; ++i) places.add(i);
    result[name as FlowColumn] = places;
  }
  return result;
}

export function stateOf(at: Columns, column: FlowColumn, i: number): State {
  if (at.nonfinite[column]?.has(i)) return "nonfinite";
  if (at.zero[column]?.has(i)) return "zero";
  return at.flow[column][i] === null || at.flow[column][i] === undefined ? "absent" : "ok";
}

/** Whether any step has such a place in the column: its charts then keep a lane for it. */
export function hasState(run: Run, column: FlowColumn, state: "zero" | "nonfinite"): boolean {
  return run.measured.some((m) => (m[state][column]?.size ?? 0) > 0);
}

/** "A sick.plumb", or the name alone where there is no other run. */
export function runName(run: Run, among: number): string {
  return among > 1 ? `${run.letter} ${run.name}` : run.name;
}
