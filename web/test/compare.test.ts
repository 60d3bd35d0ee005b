// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { smooth } from "../src/charts/curves";
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
      { name: "clip", values: ["", "1"] },
    ]);
    expect(differences(sampleReport(jsonRun(), jsonRun()).runs)).toEqual([]);
  });
  it("tells a loss that is no number from one that is not there", () => {
    const loss = outcomes(runs()).find((row) => row.name === "last loss")!;
    expect(loss.values).toEqual([2.3, null]);
    expect(loss.broken).toEqual([false, true]);
    expect(outcomes(runs()).some((row) => row.name === "validation loss")).toBe(false);
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
