// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { slopeOf } from "../src/activation";
import { flatShare } from "../src/charts/inside_layer";
import { lostAt, medianOctave, octaves, rolesOf, share, shareAt, spectrumAt, worstLoss } from "../src/spectrum";
import { jsonRun, sampleReport, withSpectra } from "./sample";

const run = sampleReport(withSpectra(jsonRun({ depth: 3, steps: [0, 10] }), (layer, step) => -30 + 10 * layer - step)).runs[0]!;

describe("a spectrum", () => {
  it("has shares as squares of the places of their signs", () => {
    expect([share("A"), share("/")]).toEqual([0, 1]);
    expect(share("g") + share("t") + share("g")).toBeCloseTo(1, 1);
  });
  it("is found by layer and octave, and is nothing outside", () => {
    const at = spectrumAt(run, 0)!.roles.grad_z!;
    expect(shareAt(at, 0, -29)).toBeCloseTo(0.5, 1);
    expect([shareAt(at, 0, -31), shareAt(at, 0, -27)]).toEqual([0, 0]);
    expect(medianOctave(at, 1)).toBe(-19);
  });
  it("is that of the last step until the chosen one", () => {
    expect([0, 9, 10, 99].map((step) => spectrumAt(run, step)?.step)).toEqual([0, 0, 10, 10]);
  });
  it("spans all steps and knows what is lost, and where most", () => {
    expect(rolesOf(run)).toEqual(["grad_z"]);
    expect(octaves(run, "grad_z")).toEqual([-40, -7]);
    const at = spectrumAt(run, 0)!.roles.grad_z!;
    expect([lostAt(at, "fp16", 0), lostAt(at, "fp16", 1), lostAt(at, "bf16", 0)]).toEqual([1, 0, 0]);
    expect(worstLoss(at, "fp16")).toEqual({ layer: 0, lost: 1 });
  });
});

describe("slopes of activations", () => {
  it("are those of central differences", () => {
    const functions: Record<string, (x: number) => number> = {
      sigmoid: (x) => 1 / (1 + Math.exp(-x)),
      tanh: Math.tanh,
      silu: (x) => x / (1 + Math.exp(-x)),
      softplus: (x) => Math.log1p(Math.exp(x)),
      softsign: (x) => x / (1 + Math.abs(x)),
      "leaky_relu 0.2": (x) => (x > 0 ? x : 0.2 * x),
      "elu 1": (x) => (x > 0 ? x : Math.expm1(x)),
    };
    for (const [name, f] of Object.entries(functions)) {
      for (const x of [-3, -0.7, 0.3, 2.5]) {
        expect(slopeOf(name)!(x), `${name} at ${x}`).toBeCloseTo((f(x + 1e-5) - f(x - 1e-5)) / 2e-5, 6);
      }
    }
  });
  it("of gelu has its published values", () => {
    expect(slopeOf("gelu")!(0)).toBeCloseTo(0.5, 6);
    expect(slopeOf("gelu")!(1)).toBeCloseTo(1.0833154705876864, 6);
  });
  it("of what is not known are not made up", () => expect(slopeOf("mystery")).toBeUndefined());
  it("tell the flat share of a sigmoid far out", () => {
    const far = { low: [5], bins: ["/"] };
    expect(flatShare(far, 0, "sigmoid")).toBe(1);
    expect(flatShare({ low: [-5], bins: ["/"] }, 0, "sigmoid")).toBe(0);
    expect(flatShare(far, 0, "relu")).toBe(null);
  });
});
