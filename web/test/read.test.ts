// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { readReport } from "../src/read";
import { sampleAttentionRun, sampleReport, sampleRun } from "./sample";

test("a report reads as it was written", () => {
  const report = sampleReport(sampleRun({ depth: 3 }), sampleAttentionRun());
  expect(readReport(JSON.stringify(report))).toEqual(report);
});

test("a column that was left out holds nothing", () => {
  const report = sampleReport(sampleAttentionRun(2));
  const { flow, beside } = report.runs[0]!.measured[0]!;
  const lacking = JSON.stringify(report, (name, value: unknown) => (name === "dead_fraction" ? undefined : value));
  const read = readReport(lacking).runs[0]!.measured[0]!;
  expect(read.flow.dead_fraction).toEqual(flow.grad_z.map(() => null));
  expect(read.beside.flow.dead_fraction).toEqual(beside.flow.grad_z.map(() => null));
  expect(read.flow.grad_z).toEqual(flow.grad_z);
});

test("another schema is refused", () => {
  expect(() => readReport(JSON.stringify({ schema: 1, runs: [] }))).toThrow("schema 1, expected 2");
});
