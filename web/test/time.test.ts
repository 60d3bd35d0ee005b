// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { timeHeat } from "../src/charts/timeheat";
import { flatFraction, keptDiffers, quantityName, timeAt, timePlaces } from "../src/time";
import { sampleRun, sampleTimeRun } from "./sample";

test("each recurrent layer is a place once, and dense runs have none", () => {
  expect(timePlaces([sampleRun()])).toEqual([]);
  const places = timePlaces([sampleTimeRun()]);
  expect(places.map((place) => place.label)).toEqual(["lstm 8 (path encoder.r)"]);
  expect(timePlaces([sampleTimeRun(), sampleTimeRun()])).toHaveLength(2);
});

test("the heat map has a column for each measured step and a row for each time step", () => {
  const run = sampleTimeRun(200);
  const heat = timeHeat(timePlaces([run])[0]!);
  expect(heat.steps).toEqual([0, 10]);
  expect(heat.rows).toBe(200);
  expect(heat.rowName(199)).toBe("199");
  expect(heat.value(1, 199)).toBeCloseTo(0);
});

test("zeros are told apart from what was not measured", () => {
  const run = sampleTimeRun(3);
  const record = run.measured[0]!.times[0]!;
  record.gradient[0] = null;
  record.zero = [0];
  const heat = timeHeat(timePlaces([run])[0]!);
  expect([heat.state(0, 0), heat.value(0, 0)]).toEqual(["zero", null]);
  expect(heat.state(0, 1)).toBe("ok");
});

test("what is kept is drawn only where it is another story", () => {
  const record = timeAt(timePlaces([sampleTimeRun()])[0]!, sampleTimeRun().measured[0])!;
  expect(keptDiffers(record)).toBe(false);
  expect(keptDiffers({ ...record, kept: record.gradient.map((g) => (g ?? 0) - 1) })).toBe(true);
});

test("names and flat ends", () => {
  expect(quantityName("forget_gate")).toBe("forget gate");
  expect(quantityName("grad_h_by_carry")).toBe("carried directly");
  expect(quantityName("grad_h_by_new_gate")).toBe("through the new gate");
  expect(flatFraction({ low_fraction: [0.1], high_fraction: [0.2] }, 0)).toBeCloseTo(0.3);
  expect(flatFraction({ low_fraction: [0.1] }, 0)).toBe(null);
});
