// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { blockEntry, blocksIn, causeTotals, entriesOf, divide, layerName, levelsOf } from "../src/ledger";
import { blocksOf, insideTable, waysTable } from "../src/sections/inside";
import type { Books } from "../src/types";
import { heroRange, partsAt, stackOrder } from "../src/charts/hero";
import { layer, sampleAttentionRun, sampleRun } from "./sample";

describe("the levels of the causes", () => {
  const run = sampleRun({ depth: 30, perLayer: -0.8 });
  const books = run.measured[0]!.ledger.books;
  const levels = levelsOf(books);

  it("are nothing at the last layer and all but the last entries at the first", () => {
    expect(Object.values(levels.get(run.profile[29]!.layer)!).reduce((a, b) => a + b, 0)).toBeCloseTo(-0.6, 9);
    const first = levels.get(run.profile[0]!.layer)!;
    expect(first.weight_scale).toBeCloseTo(-0.2 * 29, 9);
    expect(first.activation_derivative).toBeCloseTo(-0.6 * 30, 9);
  });
  it("reach the layer at which the books end, though it has no entry", () => {
    const first = run.profile[0]!.layer;
    const at = books.layers.indexOf(first);
    const cut: Books = { ...books, layers: books.layers.slice(0, at), parts: Object.fromEntries(Object.entries(books.parts).map(([cause, values]) => [cause, values.slice(0, at)])) };
    expect(levelsOf(cut).has(first)).toBe(false);
    expect(levelsOf(cut, first).get(first)).toEqual(levels.get(first));
  });
  it("of a layer inside a block start from what came to the block", () => {
    const inner = sampleAttentionRun(2);
    const all = levelsOf(inner.measured[0]!.ledger.books);
    for (const place of inner.profile) expect(all.has(place.layer)).toBe(true);
  });
});

describe("dividing a change", () => {
  it("gives it to those that went its way, in proportion", () => {
    const parts = divide(-3, { weight_scale: -3, activation_derivative: -1, normalisation: 1 });
    expect(parts.weight_scale).toBeCloseTo(-2.25, 9);
    expect(parts.activation_derivative).toBeCloseTo(-0.75, 9);
    expect(parts.normalisation).toBeUndefined();
  });
  it("keeps the sum, whatever the direction", () => {
    for (const gap of [-7, 0.4, 12]) {
      const parts = divide(gap, { weight_scale: 2, shape: 1, dropout: -5 });
      expect(Object.values(parts).reduce((a, b) => a + b, 0)).toBeCloseTo(gap, 9);
    }
  });
  it("has nobody to blame where nobody went that way", () => expect(divide(-1, { shape: 2 })).toEqual({ other: -1 }));
});

describe("the hero", () => {
  it("colours exactly what lies between the start and the line", () => {
    const run = sampleRun({ depth: 30, perLayer: -0.8 });
    const measured = run.measured[0]!;
    run.profile.forEach((_, i) => {
      const sum = Object.values(partsAt(run, measured, i)).reduce((a, b) => a + b, 0);
      expect(sum).toBeCloseTo(measured.flow.grad_z[i]! - measured.ledger.loss_gradient!, 9);
    });
    expect(stackOrder(run, measured)).toEqual(["activation_derivative", "weight_scale"]);
  });
  it("keeps one scale over the steps unless that presses one flat", () => {
    const run = sampleRun({ depth: 10, steps: [0, 1] });
    expect(heroRange(run, run.measured[0]!, new Set(["grad_z"])).own).toBe(false);
    run.measured[1]!.flow.grad_z = run.measured[1]!.flow.grad_z.map((v) => v! + 40);
    const { range, own } = heroRange(run, run.measured[0]!, new Set(["grad_z"]));
    expect(own).toBe(true);
    expect(range.max).toBeLessThan(5);
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
  it("has the greatest loss first, and nothing that is next to nothing", () => {
    expect(causeTotals({ weight_scale: 1, weight_alignment: -1, activation_derivative: -3, shape: 1e-3 })).toEqual([
      { cause: "activation_derivative", total: -3 },
      { cause: "weight_alignment", total: -1 },
      { cause: "weight_scale", total: 1 },
    ]);
  });
});
