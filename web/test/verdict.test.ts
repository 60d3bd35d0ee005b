// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { evidenceName, evidenceValue, figuresOf, firstSentence, story } from "../src/sections/verdict";
import { sampleFinding, sampleRun } from "./sample";

describe("the verdict", () => {
  it("leads with a plain headline and tells the remedy once", () => {
    const run = sampleRun();
    run.verdict.text = "From layer 58 it shrinks. First thing to try: use relu.";
    expect(story(run)).toEqual(["The first layers get almost no gradient.", "From layer 58 it shrinks."]);
  });
  it("leads with the first sentence, and no number ends one", () => {
    expect(firstSentence("Layer 1 gets 3.0e-21 of it. The sigmoid did it.")).toEqual(["Layer 1 gets 3.0e-21 of it.", "The sigmoid did it."]);
  });
  it("says NaN wherever a run ends in it, whatever came first", () => {
    const run = sampleRun();
    run.findings = [sampleFinding(1, { rule: "exploding_gradient" }), sampleFinding(1, { id: 1, rule: "non_finite", first_step: 7, where: "layer 3" })];
    expect(story(run)[0]).toBe("The gradient explodes on its way to the first layers, until the numbers break: NaN or infinity from step 7 on.");
    expect(figuresOf(run)[0]).toEqual({ value: "NaN", meaning: "or infinity, from step 7 on, first at layer 3" });
  });
  it("has the numbers of the finding and no other", () => {
    const [first, second] = figuresOf(sampleRun());
    expect(first!.value).toBe("×\u00a01.4×10⁻²⁰");
    expect(first!.meaning).toBe("gradient at layer 1 against that at layer 30, norm (steps 0 to 100)");
    expect(second!.value).toBe("75%");
  });
  it("writes log2 as factors and fractions as percent", () => {
    const evidence = (quantity: string, value: number, name = "x") => ({ quantity, value, name, threshold: 0, threshold_source: "" });
    expect(evidenceValue(evidence("update_log2", -10), -10)).toBe("×\u00a09.8×10⁻⁴");
    expect(evidenceValue(evidence("validation_accuracy", 0.11), 0.11)).toBe("11%");
    expect(evidenceValue(evidence("loss_at_last", 25000000), 25000000)).toBe("2.5×10⁷");
    expect(evidenceName(evidence("weight_rms_log2", 0, "weight of layer 1, log2 of the rms"))).toBe("weight of layer 1, rms");
    expect(evidenceName(evidence("pace_log2", 0, "learning pace of layer 1, log2"))).toBe("learning pace of layer 1");
  });
});
