// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { decadeInterval, decadeRange, lastAtMost, layerTicks, thin } from "../src/scale";

describe("scale", () => {
  it("rounds out to ticks and gives flat data room", () => {
    expect(decadeRange([-20.3, null, -1.2])).toEqual({ min: -25, max: 0 });
    expect(decadeRange([-1.5, -1.4], 4)).toEqual({ min: -4, max: 0 });
    expect(decadeRange([-4, -0.2], 3)).toEqual({ min: -4, max: 0 });
    expect(decadeRange([null])).toEqual({ min: -3, max: 0 });
  });
  it("keeps few ticks over 1200 decades", () => expect(decadeInterval({ min: -1200, max: 0 })).toBe(200));
  it("marks round layers and both ends", () => {
    expect(layerTicks(30, 400)).toEqual([1, 5, 10, 15, 20, 25, 30]);
    expect(layerTicks(2, 400)).toEqual([1, 2]);
    expect(layerTicks(2000, 400)).toEqual([1, 500, 1000, 1500, 2000]);
    expect(layerTicks(25, 300, 75)).toEqual([76, 80, 85, 90, 95, 100]);
  });
  it("thins evenly and keeps both ends", () => {
    expect(thin(5, 9)).toEqual([0, 1, 2, 3, 4]);
    expect(thin(1001, 3)).toEqual([0, 500, 1000]);
  });
  it("finds the measurement at or before a step", () => expect([0, 5, 30].map((s) => lastAtMost([0, 10, 20], s))).toEqual([0, 0, 2]));
});
