// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { heat } from "../src/heat";
import { decadeInterval, decadeRange, lastAtMost, layerTicks, thin } from "../src/scale";
import { firstSentence, story } from "../src/sections/verdict";
import { StepChoice } from "../src/steps";
import { sampleReport, sampleRun } from "./sample";

describe("scale", () => {
  it("rounds out to ticks and gives flat data room", () => {
    expect(decadeRange([-20.3, null, -1.2])).toEqual({ min: -25, max: 0 });
    expect(decadeRange([-1.5, -1.4], 4)).toEqual({ min: -5, max: -1 });
    expect(decadeRange([null])).toEqual({ min: -3, max: 0 });
  });
  it("keeps few ticks over 1200 decades", () => expect(decadeInterval({ min: -1200, max: 0 })).toBe(200));
  it("marks round layers and both ends", () => {
    expect(layerTicks(30, 400)).toEqual([1, 5, 10, 15, 20, 25, 30]);
    expect(layerTicks(2, 400)).toEqual([1, 2]);
    expect(layerTicks(2000, 400)).toEqual([1, 500, 1000, 1500, 2000]);
  });
  it("thins evenly and keeps both ends", () => {
    expect(thin(5, 9)).toEqual([0, 1, 2, 3, 4]);
    expect(thin(1001, 3)).toEqual([0, 500, 1000]);
  });
  it("finds the measurement at or before a step", () => expect([0, 5, 30].map((s) => lastAtMost([0, 10, 20], s))).toEqual([0, 0, 2]));
});

describe("heat", () => {
  it("shows the smallest gradient of layers that share a row, and every mark", () => {
    const run = sampleRun({ depth: 100, steps: [0, 1] });
    run.measured[1]!.marks = [{ layer: 50, state: "nonfinite" }];
    const map = heat(run, 90, 10);
    expect(map.cells).toHaveLength(20);
    expect(map.cells.find((c) => c.x === 0 && c.y === 0)!.value).toBeCloseTo(-1 - 0.65 * 99, 6);
    expect(map.cells.find((c) => c.x === 1 && c.y === 5)!.state).toBe("nonfinite");
  });
});

describe("the first view", () => {
  it("opens at the step where the worst finding begins", () => {
    const sick = sampleRun({ steps: [0, 10, 20] });
    sick.findings[0]!.first_step = 10;
    expect(new StepChoice(sampleReport(sick)).step).toBe(10);
    expect(new StepChoice(sampleReport(sampleRun({ steps: [0, 10, 20], critical: false }))).step).toBe(20);
  });
  it("leads with a plain headline and tells the remedy once", () => {
    const run = sampleRun();
    run.verdict.text = "From layer 58 it shrinks. First thing to try: use relu.";
    expect(story(run)).toEqual(["The first layers get almost no gradient.", "From layer 58 it shrinks."]);
  });
  it("leads with the first sentence, and no number ends one", () => {
    expect(firstSentence("Layer 1 gets 3.0e-21 of it. The sigmoid did it.")).toEqual(["Layer 1 gets 3.0e-21 of it.", "The sigmoid did it."]);
  });
});
