// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { append, hasState, readReport, readRun, stateOf } from "../src/store";
import { jsonAttentionRun, jsonReport, jsonRun } from "./sample";

test("a report reads as it was written", () => {
  const report = jsonReport(jsonRun({ depth: 3 }), jsonAttentionRun());
  const read = readReport(JSON.stringify(report));
  expect(read.runs.map((run) => run.letter)).toEqual(["A", "B"]);
  read.runs.forEach((run, i) => {
    expect(run.layers).toEqual(report.runs[i]!.layers);
    expect(run.measured.map((m) => m.flow.grad_z)).toEqual(report.runs[i]!.measured.map((m) => m.flow.grad_z));
  });
});

test("a page is a store that was fed once: in pieces it is the same", () => {
  const whole = jsonRun({ depth: 3, steps: [0, 10, 20, 30] });
  whole.series.validation = [{ step: 10, loss: 1, accuracy: 0.5 }, { step: 30, loss: 0.5, accuracy: 0.7 }];
  const between = (from: number, to: number) => ({
    ...whole,
    measured: whole.measured.filter(({ step }) => step > from && step <= to),
    series: {
      ...Object.fromEntries(
        (["step", "loss", "accuracy", "grad_norm", "learning_rate"] as const).map((name) => [name, whole.series[name].filter((_, i) => whole.series.step[i]! > from && whole.series.step[i]! <= to)]),
      ),
      validation: whole.series.validation.filter(({ step }) => step > from && step <= to),
    } as typeof whole.series,
  });
  const young = { ...between(-1, 10), end: null, findings: [] };
  const run = readRun(young, 0);
  expect(run.measured.length).toBe(2);
  const seen = run.measured[0];
  append(run, between(5, 20)); // step 10 again
  append(run, between(20, 30));
  expect(run).toEqual(readRun(whole, 0));
  expect(run.measured[0]).toBe(seen);
});

test("a run is called by its file, else by its network", () => {
  const named = { ...jsonRun(), file: "sick.plumb" };
  const { runs } = readReport(JSON.stringify(jsonReport(named, jsonRun({ label: "a network" }))));
  expect(runs.map((run) => run.name)).toEqual(["sick.plumb", "a network"]);
});

test("a column that was left out holds nothing", () => {
  const report = jsonReport(jsonAttentionRun(2));
  const { flow, beside } = report.runs[0]!.measured[0]!;
  const lacking = JSON.stringify(report, (name, value: unknown) => (name === "dead_fraction" ? undefined : value));
  const read = readReport(lacking).runs[0]!.measured[0]!;
  expect(read.flow.dead_fraction).toEqual(flow.grad_z!.map(() => null));
  expect(read.beside.flow.dead_fraction).toEqual(beside.flow.grad_z!.map(() => null));
  expect(read.flow.grad_z).toEqual(flow.grad_z);
});

test("zeros and what is not a number are told from what was not measured", () => {
  const run = jsonRun({ depth: 6, steps: [0] });
  run.measured[0]!.flow.update_ratio = [null, null, null, null, -3, null];
  run.measured[0]!.zero = { update_ratio: [[0, 2]] };
  run.measured[0]!.nonfinite = { update_ratio: [[3, 3]] };
  const read = readReport(JSON.stringify(jsonReport(run))).runs[0]!;
  const states = read.profile.map((_, i) => stateOf(read.measured[0]!, "update_ratio", i));
  expect(states).toEqual(["zero", "zero", "zero", "nonfinite", "ok", "absent"]);
  expect(hasState(read, "update_ratio", "zero")).toBe(true);
  expect(hasState(read, "grad_z", "zero")).toBe(false);
});

test("another schema is refused", () => {
  expect(() => readReport(JSON.stringify({ schema: 1, runs: [] }))).toThrow("schema 1, expected 3");
});
