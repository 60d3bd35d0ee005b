// SPDX-License-Identifier: Apache-2.0
import { hasState, stateOf, type Run, type Value } from "./store";

export interface Difference {
  name: string;
  values: (string | null)[]; // of each run; null where it has no such setting, which an empty one is not
}

function settingsOf({ label, info }: Run): [string, string][] {
  const known: [string, string][] = [
    ["network", label], ["data", info.data], ["loss", info.loss], ["optimiser", info.optimiser], ["batch", info.batch > 0 ? String(info.batch) : ""],
    ["seed", info.seed], ["precision", info.precision],
  ];
  const all = known.filter(([, value]) => value !== "");
  const names = new Set(all.map(([name]) => name));
  return [...all, ...info.settings.filter(([name]) => !names.has(name))];
}

/** The settings in which runs differ, in the order of the first run that has each. */
export function differences(runs: readonly Run[]): Difference[] {
  const all = runs.map((run) => new Map(settingsOf(run)));
  const names = [...new Set(all.flatMap((settings) => [...settings.keys()]))];
  return names
    .map((name) => ({ name, values: all.map((settings) => settings.get(name) ?? null) }))
    .filter(({ values }) => values.some((value) => value !== values[0]));
}

export interface OutcomeRow {
  name: string;
  values: Value[];
  kind: "number" | "percent" | "magnitude" | "step"; // magnitudes are logarithms, -Infinity that of zero
  broken: boolean[]; // it is a NaN or an infinity
}

/** What came of each run, as numbers; a row that no run has is left out. */
export function outcomes(runs: readonly Run[]): OutcomeRow[] {
  const last = (values: readonly Value[]) => values[values.length - 1] ?? null;
  const validation = (run: Run, key: "loss" | "accuracy") => last(run.series.validation.map((v) => v[key]).filter((v) => v !== null));
  const judged = (run: Run) => [...run.measured].reverse().find((m) => m.reach);
  const reach = (run: Run): Value => {
    const at = judged(run)?.reach;
    return !at ? null : at.total ?? (at.ends ? -Infinity : null);
  };
  const row = (name: string, kind: OutcomeRow["kind"], of: (run: Run) => Value, broken: (run: Run) => boolean = () => false): OutcomeRow => ({
    name, kind, values: runs.map(of), broken: runs.map(broken),
  });
  return [
    // That of the verdict: the median of the last tenth of the steps.
    row("loss at the end", "number", (run) => run.learning?.loss_at_last ?? last(run.series.loss), (run) => run.series.loss.length > 0 && last(run.series.loss) === null),
    row("accuracy, last batch", "percent", (run) => last(run.series.accuracy)),
    row("validation loss", "number", (run) => validation(run, "loss")),
    row("validation accuracy", "percent", (run) => validation(run, "accuracy")),
    row("gradient at the first layer to that at the last, norm", "magnitude", reach),
    row("measured at step", "step", (run) => judged(run)?.step ?? null),
    row("layers without any update, last measured step", "number", (run) => {
      const at = run.measured[run.measured.length - 1];
      if (!at || !hasAny(run)) return null;
      return run.profile.filter((_, i) => stateOf(at, "update_ratio", i) === "zero").length;
    }),
    row("steps", "number", (run) => run.end?.steps ?? run.recorded.steps),
    row("seconds", "number", (run) => run.end?.time_s ?? null),
  ].filter(({ values, broken }) => values.some((value) => value !== null) || broken.some((one) => one));
}

function hasAny(run: Run): boolean {
  return hasState(run, "update_ratio", "zero") || run.measured.some((m) => m.flow.update_ratio.some((v) => v !== null));
}
