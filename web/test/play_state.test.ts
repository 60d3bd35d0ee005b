// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { kChapters } from "../src/play/chapters";
import { probeCommand } from "../src/play/engine/setting";
import { fromHash, kStart, sound, type State, toHash } from "../src/play/state";
import { outcome, smooth } from "../src/play/training_words";
import { ticks } from "../src/svg";

describe("the playground's state", () => {
  it("comes back from the address", () => {
    const state: State = { ...kStart, activation: "leaky_relu", slope: 0.35, depth: 77, gain: 1.25, residual: true, norm: "ln", scale: "linear", format: "fp16", layer: 12, seed: 3 };
    expect(fromHash(toHash(state))).toEqual(state);
    expect(toHash(kStart)).toBe("");
    for (const chapter of kChapters) {
      const preset = { ...kStart, ...chapter.preset };
      expect(sound(preset)).toEqual(preset);
      expect(fromHash(toHash(preset) || "#depth=30")).toEqual(preset);
    }
  });

  it("takes nothing that makes no sense", () => {
    for (const hash of ["#activation=nothing&depth=1e9&gain=NaN&width=7", "#depth=-3&gain=-1&slope=x&residual=maybe", "#=&&&", "#__proto__=1&gain=", "#depth=%E0%A4%A"]) {
      const state = fromHash(hash);
      expect(state, hash).not.toBeNull();
      expect(sound(state!)).toEqual(state);
      expect(probeCommand(state!)).toMatch(/^plumb probe "\d+ x \[/);
    }
    expect(fromHash("#experiment-3")).toBeNull();
    expect(fromHash("")).toBeNull();
  });
});

describe("the words of a training", () => {
  const steps = (loss: number, accuracy: number) => Array.from({ length: 200 }, (_, step) => ({ step, loss, accuracy, speed: [], readings: [] }));
  it("say what came of it", () => {
    expect(outcome(steps(2.3, 0.1))).toContain("next to nothing");
    expect(outcome(steps(0.5, 0.9))).toContain("It learns");
    expect(outcome(steps(9, 0.1))).toContain("worse than a guess");
    expect(outcome(steps(NaN, 0.1))).toContain("blew up");
  });
  it("smooth over ten steps", () => {
    expect(smooth([1, 2, 3])).toEqual([1, 1.5, 2]);
    expect(smooth(Array.from({ length: 20 }, (_, i) => i)).at(-1)).toBe(14.5);
  });
});

describe("ticks", () => {
  it("are round and inside", () => {
    expect(ticks(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6000000000000001, 0.8, 1]);
    expect(ticks(-7, 2, 4)).toEqual([-5, 0]);
    expect(ticks(3, 3, 4)).toEqual([3]);
  });
});
