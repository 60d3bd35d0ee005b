// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { blockEntry, blocksIn, causeTotals, entriesOf, layerName, waterfall } from "../src/ledger";
import { blocksOf, insideTable, waysTable } from "../src/sections/inside";
import type { Books } from "../src/types";
import { layer, sampleAttentionRun, sampleRun } from "./sample";

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

const none: Books = { layers: [], parts: {} };

describe("entries", () => {
  const books: Books = {
    layers: [7, 6, 5],
    parts: { weight_scale: [-0.75, null, 0], weight_alignment: [0.25, 0, 0], shape: [0, 0, 0] },
    ways: [{ entry: 2, way: "unnamed", main: false, rms: -3, share: 1, books: none }],
  };
  it("add the sum of their parts, where all are finite", () => {
    expect(entriesOf(books).map((entry) => entry.attenuation)).toEqual([-0.5, null, 0]);
    expect(entriesOf(books).map((entry) => entry.layer)).toEqual([7, 6, 5]);
  });
  it("have the parts that are something, and those that are not finite", () => {
    expect(entriesOf(books).map((entry) => entry.parts)).toEqual([
      [["weight_scale", -0.75], ["weight_alignment", 0.25]],
      [["weight_scale", null]],
      [],
    ]);
  });
  it("have their ways, and are made once", () => {
    expect(entriesOf(books).map((entry) => entry.ways.length)).toEqual([0, 0, 1]);
    expect(entriesOf(books)).toBe(entriesOf(books));
    expect(entriesOf(none)).toEqual([]);
  });
});

describe("layer names", () => {
  it("count as the charts count and never read a path", () => {
    const run = sampleRun({ depth: 2 });
    for (const one of run.layers) one.path = "layer 99 (x).0";
    run.layers.push(layer({ kind: "Conv2d", family: "linear", text: "", depth: 3 }));
    expect([0, 1, 2, 5].map((id) => layerName(run, id))).toEqual([
      "the input",
      "layer 1 (dense 128)",
      "the sigmoid after layer 1",
      "layer 3 (Conv2d)",
    ]);
    run.layers.push(layer({ kind: "flatten", family: "shape", text: "flatten", depth: 0 }));
    expect(layerName(run, 6)).toBe("the flatten before layer 1");
  });
});

describe("inside a block", () => {
  const run = sampleAttentionRun();
  const { books } = run.measured[0]!.ledger;
  const [sum, attention] = [run.layers.findIndex((one) => one.kind === "add"), run.layers.findIndex((one) => one.kind === "attention")];

  it("finds the layers of several ways, also those inside others", () => {
    const [ofSecond, ofFirst] = [12, 0].map((offset) => [sum + 5, sum, attention].map((id) => id + offset));
    expect(blocksIn(books)).toEqual([...ofSecond!, ...ofFirst!]);
    expect(blocksOf(run)).toEqual([...ofSecond!, ...ofFirst!].reverse());
    expect(blockEntry(books, attention)!.ways).toHaveLength(3);
    expect(blockEntry(books, 0)).toBe(undefined);
  });
  it("lists every layer of every way", () => {
    expect(insideTable(run, blockEntry(books, sum)!).rows.map((row) => row.slice(0, 4))).toEqual([
      ["branch", "blocks.0.out", "linear 64", "×0.50"],
      ["branch", "blocks.0.attention", "attention", "×0.20"],
      ["branch", "blocks.0.norm", "layer_norm", "×0.80"],
    ]);
  });
  it("calls a way without a name by its first layer", () => {
    const rows = insideTable(run, blockEntry(books, attention)!).rows;
    expect(rows.map((row) => [row[0], row[2]])).toEqual([
      ["through blocks.0.q", "linear 64"],
      ["through blocks.0.k", "linear 64"],
      ["through blocks.0.v", "linear 64"],
    ]);
    expect(rows[0]![4]).toBe("size of the weights ×0.50, direction of the weights ×1.3");
  });
  it("tells what comes back by each way, a way without layers too", () => {
    expect(waysTable(run, blockEntry(books, sum)!).rows).toEqual([
      ["branch", "0.0010", "−10%"],
      ["shortcut", "0.010", "110%"],
    ]);
  });
});

describe("causeTotals", () => {
  it("shares the loss and the gain apart", () => {
    const ledger = sampleRun({ depth: 1 }).measured[0]!.ledger;
    ledger.books = {
      layers: [2, 1],
      parts: { weight_scale: [1, 0], activation_derivative: [-3, 0], weight_alignment: [0, -1] },
    };
    expect(causeTotals(ledger)).toEqual([
      { cause: "activation_derivative", total: -3, share: 0.75 },
      { cause: "weight_alignment", total: -1, share: 0.25 },
      { cause: "weight_scale", total: 1, share: 1 },
    ]);
  });
});
