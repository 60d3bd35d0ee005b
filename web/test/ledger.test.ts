// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { causeTotals, waterfall } from "../src/ledger";
import { sampleRun } from "./sample";

describe("waterfall", () => {
  const run = sampleRun({ depth: 30, perLayer: -0.8 });
  const ledger = run.measured[0]!.ledger;

  it("ends at the total of the ledger", () => {
    const fall = waterfall(ledger, run.layers, 16);
    const last = fall.stairs[fall.stairs.length - 1]!;
    expect(last.to).toBeCloseTo(-24, 9);
    expect(last.group).toBe(0);
  });
  it("has stairs that join without a gap", () => {
    const { stairs } = waterfall(ledger, run.layers, 16);
    stairs.slice(1).forEach((stair, i) => expect(stair.from).toBeCloseTo(stairs[i]!.to, 9));
  });
  it("groups a deep network, input side first, and covers every depth once", () => {
    const deep = sampleRun({ depth: 2000 });
    const { groups } = waterfall(deep.measured[0]!.ledger, deep.layers, 16);
    expect(groups.length).toBeLessThanOrEqual(16);
    expect(groups[0]!.first).toBe(1);
    expect(groups[groups.length - 1]!.last).toBe(2000);
    groups.slice(1).forEach((group, i) => expect(group.first).toBe(groups[i]!.last + 1));
  });
});

describe("causeTotals", () => {
  it("shares the loss and the gain apart", () => {
    const ledger = sampleRun({ depth: 1 }).measured[0]!.ledger;
    ledger.entries = [
      { path: "0", kind: "dense", grad_in: 0, attenuation: -2, parts: { weight_scale: 1, activation_derivative: -3 } },
      { path: "1", kind: "dense", grad_in: 0, attenuation: -1, parts: { weight_alignment: -1 } },
    ];
    expect(causeTotals(ledger)).toEqual([
      { cause: "activation_derivative", total: -3, share: 0.75 },
      { cause: "weight_alignment", total: -1, share: 0.25 },
      { cause: "weight_scale", total: 1, share: 1 },
    ]);
  });
});
