// SPDX-License-Identifier: Apache-2.0
import { describe as group, expect, it } from "vitest";
import { describe, seriesStyle } from "../src/lab/plots";
import type { Plot } from "../src/lab/types";

group("the series of a plot", () => {
  const colours = Array.from("abcdefgh");
  it("are drawn in sixteen ways, no two alike", () => {
    const ways = Array.from({ length: 16 }, (_, i) => seriesStyle(i, colours));
    expect(new Set(ways.map(({ colour, type }) => `${colour} ${type}`)).size).toBe(16);
    // One of the same colour has another symbol, too.
    ways.slice(8).forEach((way, i) => expect(way.symbol).not.toBe(ways[i]!.symbol));
    expect(ways.every(({ type }) => type === "solid" || type === "dotted")).toBe(true);
  });
});

group("a plot in words", () => {
  const plot: Plot = {
    kind: "line", title: "t", how: "h", x: { name: "layer", log: false }, y: { name: "gradient", log: true }, categories: [],
    series: [{ name: "tanh", style: "line", x: [1, 2, 3], y: [-3, null, -1] }],
  };
  it("has where each series begins and ends", () => expect(describe(plot)).toBe("gradient. tanh: from 0.0010 at 1 to 0.10 at 3."));
  it("has the smallest and the largest bar with their names", () => {
    const bars: Plot = { ...plot, kind: "bars", y: { name: "accuracy", log: false }, categories: ["a", "b"], series: [{ name: "s", style: "line", x: [], y: [0.5, 0.2] }] };
    expect(describe(bars)).toBe("accuracy. s: from 0.2 (b) to 0.5 (a).");
  });
});
