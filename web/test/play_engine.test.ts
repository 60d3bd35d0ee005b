// SPDX-License-Identifier: Apache-2.0
// The engine of the playground against the C++ engine: the answers of tests/play/fixtures.json are those that
// tests/play/fixture_test.py holds to `plumb probe` and `plumb train`.
import { describe, expect, it } from "vitest";
import { makeActivation, erfc } from "../src/play/engine/activation";
import { Teacher } from "../src/play/engine/data";
import { moments } from "../src/play/engine/moments";
import { type Entry, Network } from "../src/play/engine/network";
import { Rng } from "../src/play/engine/rng";
import { kDefault, probeCommand, type Setting, trainCommand } from "../src/play/engine/setting";
import { growths, predictProfile, reaches } from "../src/play/engine/theory";
import { Training } from "../src/play/engine/training";
import { kStart } from "../src/play/state";
import { hearing, reach } from "../src/play/words";
import fixtures from "./play_fixtures.json";

interface Fixture {
  setting: Partial<Setting>;
  command: string;
  loss: number;
  accuracy: number;
  reach: { log10: number; last: number };
  entries: { path: string; log2_grad_out: number; log2_grad_in: number; parts: Record<string, number> }[];
  theory?: (number | null)[];
}

const kLimit = 1e-10;

function expectClose(given: number, expected: number, what: string, limit = kLimit): void {
  const error = Math.abs(given - expected) / Math.max(1, Math.abs(expected));
  expect(error, `${what}: ${given} against ${expected}`).toBeLessThan(limit);
}

describe("the playground's engine", () => {
  for (const fixture of fixtures.probes as unknown as Fixture[]) {
    const setting: Setting = { ...kDefault, ...fixture.setting };
    it(`measures what plumb measures: ${fixture.command}`, () => {
      expect(probeCommand(setting)).toBe(fixture.command);
      const pass = new Network(setting).pass(new Teacher(setting.width, setting.seed).batch(0), true);
      expectClose(pass.loss, fixture.loss, "loss");
      expect(pass.accuracy).toBe(fixture.accuracy);
      expect(pass.entries.map((entry: Entry) => entry.path)).toEqual(fixture.entries.map((entry) => entry.path));
      fixture.entries.forEach((expected, i) => {
        const entry = pass.entries[i]!;
        expectClose(entry.gradOut, expected.log2_grad_out, `${entry.path} out`);
        expectClose(entry.gradIn, expected.log2_grad_in, `${entry.path} in`);
        for (const [cause, value] of Object.entries(expected.parts)) {
          expectClose(entry.parts[cause as keyof typeof entry.parts] ?? NaN, value, `${entry.path} ${cause}`);
        }
      });
      // The report rounds to four decimals.
      const state = { ...kStart, ...setting };
      expectClose(reach(pass, state), fixture.reach.log10, "reach", 6e-5 / Math.max(1, Math.abs(fixture.reach.log10)));
      expect(hearing(pass, state).sentence).toContain(`of layer ${fixture.reach.last}, the last`);
    });
  }

  for (const fixture of fixtures.trainings) {
    const setting = { ...kDefault, ...fixture.setting } as Setting;
    it(`trains as plumb trains: ${fixture.command}`, () => {
      expect(trainCommand(setting, fixture.losses.length)).toBe(fixture.command);
      const training = new Training(setting);
      fixture.losses.forEach((loss, step) => expectClose(training.next(false).loss, loss, `loss of step ${step}`));
    });
  }

  it("has the moments that plumb theory has", () => {
    for (const point of fixtures.theory) {
      const activation = makeActivation(point.activation as Setting["activation"]);
      const m = moments(activation, point.q);
      expectClose(point.weight_std ** 2 * m.derivative2, point.chi1, `${point.activation} chi1`);
      expectClose(point.weight_std ** 2 * m.value2 + point.bias_std ** 2, point.q, `${point.activation} q*`);
    }
  });

  it("draws the normals of Salmon's generator", () => {
    // Mean and variance of many, and independence of streams: bits are held by the fixtures.
    const rng = Rng.of(7, "any");
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < 20000; ++i) {
      const x = rng.normal(i);
      sum += x;
      squares += x * x;
    }
    expect(Math.abs(sum / 20000)).toBeLessThan(0.03);
    expect(Math.abs(squares / 20000 - 1)).toBeLessThan(0.04);
  });

  it("knows erfc", () => {
    // Abramowitz and Stegun, table 7.1 and 7.3.
    expectClose(erfc(0.5), 0.4795001221869535, "erfc(0.5)", 1e-14);
    expectClose(erfc(2) / 0.004677734981047266, 1, "erfc(2)", 1e-12);
    expectClose(erfc(3) / 2.209049699858544e-5, 1, "erfc(3)", 1e-12);
    expectClose(erfc(-1), 1.8427007929497148, "erfc(-1)", 1e-14);
  });

  it("predicts what it measures, within the noise of a network", () => {
    for (const change of [
      {},
      { activation: "tanh", init: "lecun_normal", gain: 1.2, biasStd: 0.1 },
      { activation: "relu", init: "he_normal" },
      { activation: "tanh", residual: true, gain: 2, depth: 20 },
      { activation: "relu", init: "he_normal", norm: "ln" },
      { activation: "relu", init: "he_normal", norm: "ln", residual: true },
      { activation: "tanh", norm: "bn" },
      { activation: "relu", norm: "bn", residual: true },
    ] as Partial<Setting>[]) {
      const setting: Setting = { ...kDefault, ...change, width: 128 };
      const pass = new Network(setting).pass(new Teacher(setting.width, 0).batch(0), true);
      const predicted = predictProfile(setting, pass.readings.at(-1)!.gradZ, pass.readings[0]!.z);
      // A product of as many random factors: a few tenths of an octave, and some hundredths for each layer.
      const error = Math.abs(predicted[0]! - pass.readings[0]!.gradZ);
      expect(error, `${JSON.stringify(change)}: ${predicted[0]} against ${pass.readings[0]!.gradZ}`).toBeLessThan(0.5 + 0.05 * setting.depth);
      // The map speaks of the same two layers as the sentence.
      const activation = makeActivation(setting.activation, setting.slope);
      const onMap = reaches(setting, setting.depth, (q) => moments(activation, q)).at(-1)!;
      const measured = reach(pass, setting);
      expect(Math.abs(onMap - measured) / Math.log10(2), `${JSON.stringify(change)}: the map ${onMap} against ${measured}`).toBeLessThan(0.7 + 0.05 * setting.depth);
    }
  });

  it("has no cost at the critical gain: relu with he_normal", () => {
    const activation = makeActivation("relu");
    for (const growth of growths({ ...kDefault, activation: "relu", init: "he_normal" }, 50, (q) => moments(activation, q))) {
      expect(Math.abs(growth)).toBeLessThan(1e-12);
    }
  });
});
