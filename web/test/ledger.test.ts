// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { blockEntries, causeTotals, waterfall } from "../src/ledger";
import { insideTable } from "../src/sections/inside";
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

describe("inside a block", () => {
  it("lists every layer of every way, also of a block inside another", () => {
    const run = sampleRun({ depth: 2 });
    const layer = (path: string, attenuation: number, parts = {}) => ({ path, kind: "dense", grad_in: 0, attenuation, parts });
    const inner = { ...layer("5.1", 0), branch: [layer("5.1.0", -1, { weight_scale: -1 })] };
    const outer = { ...layer("5", 0), branch: [inner, layer("0", -2)], gate: [layer("5.gate", -3)] };
    const blocks = blockEntries([layer("6", 0), outer]);
    expect([...blocks.keys()]).toEqual(["5", "5.1"]);
    expect(insideTable(run, blocks.get("5")!).rows.map((row) => row.slice(0, 4))).toEqual([
      ["branch", "5.1", "dense", "×1.0"],
      ["branch", "0", "dense 128", "×0.010"],
      ["gate", "5.gate", "dense", "×0.0010"],
    ]);
    expect(insideTable(run, blocks.get("5.1")!).rows[0]).toEqual(["branch", "5.1.0", "dense", "×0.10", "size of the weights ×0.10"]);
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
