// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { linear, smooth } from "../src/charts/curves";
import { endOf } from "../src/charts/heatmap";
import { differences, outcomes } from "../src/compare";
import { jsonRun, sampleReport } from "./sample";

function runs() {
  const a = jsonRun({ label: "a" });
  const b = jsonRun({ label: "a" });
  a.info = { ...a.info, settings: [["lr", "0.1"], ["init", "he"]] };
  b.info = { ...b.info, settings: [["lr", "0.3"], ["init", "he"], ["clip", "1"]] };
  b.series = { ...b.series, loss: [null] };
  return sampleReport(a, b).runs;
}

describe("comparing", () => {
  it("names the settings that differ and no other", () => {
    expect(differences(runs())).toEqual([
      { name: "lr", values: ["0.1", "0.3"] },
      { name: "clip", values: [null, "1"] },
    ]);
    expect(differences(sampleReport(jsonRun(), jsonRun()).runs)).toEqual([]);
  });
  it("tells a loss that is no number from one that is not there", () => {
    const loss = outcomes(runs()).find((row) => row.name === "loss at the end")!;
    expect(loss.values).toEqual([2.3, null]);
    expect(loss.broken).toEqual([false, true]);
    expect(outcomes(runs()).some((row) => row.name === "validation loss")).toBe(false);
  });
});

describe("axes of a training", () => {
  it("have round ticks", () => {
    expect(linear([0.4, 2.44], "loss")).toEqual({ min: 0, max: 2.5, tick: 0.5 });
    expect(linear([3.16, 0], "loss")).toEqual({ min: 0, max: 4, tick: 1 });
    expect(linear([-0.3, 0.1], "loss")).toEqual({ min: expect.closeTo(-0.3, 9), max: expect.closeTo(0.1, 9), tick: 0.1 });
  });
  it("end where the training did", () => {
    const run = jsonRun({ steps: [0, 100, 200] });
    run.end = { reason: "finished", steps: 220, time_s: 1 };
    expect(endOf(sampleReport(run).runs[0]!)).toBe(220);
    run.end = null;
    run.series = { ...run.series, step: [0] };
    expect(endOf(sampleReport(run).runs[0]!)).toBe(201);
  });
});

describe("smoothing", () => {
  it("leaves a level line level, from its first point on", () => {
    smooth([2, 2, 2, 2], 8).forEach((value) => expect(value).toBeCloseTo(2, 12));
  });
  it("is the plain mean of two equal weights at the second point, corrected", () => {
    const [first, second] = smooth([1, 4], 2);
    expect(first).toBeCloseTo(1, 12);
    expect(second).toBeCloseTo((1 * 0.25 + 4 * 0.5) / 0.75, 12);
  });
  it("keeps gaps", () => expect(smooth([1, null, 1], 4)[1]).toBe(null));
  it("without memory is nothing", () => expect(smooth([1, 5, null], 1)).toEqual([1, 5, null]));
});
