// SPDX-License-Identifier: Apache-2.0
/// <reference types="vite/client" />
import { describe, expect, it } from "vitest";
import { causeVariable, kCauses } from "../src/ledger";
import css from "../src/style.css?raw";
import { kRunDashes } from "../src/theme";

// Distances in OKLab (Ottosson 2020) as seen by normal eyes and, after the matrices of Machado, Oliveira and
// Fernandes 2009 for the full loss of one kind of cone, by colour-blind ones.
type Triple = readonly [number, number, number];
type Matrix = readonly [Triple, Triple, Triple];

const kEyes: Record<string, Matrix> = {
  normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};
const kToCones: Matrix = [
  [0.4122214708, 0.5363325363, 0.0514459929],
  [0.2119034982, 0.6806995451, 0.1073969566],
  [0.0883024619, 0.2817188376, 0.6299787005],
];
const kToLab: Matrix = [
  [0.2104542553, 0.793617785, -0.0040720468],
  [1.9779984951, -2.428592205, 0.4505937099],
  [0.0259040371, 0.7827717662, -0.808675766],
];

const times = (m: Matrix, v: Triple): Triple => {
  const row = (r: Triple) => r[0] * v[0] + r[1] * v[1] + r[2] * v[2];
  return [row(m[0]), row(m[1]), row(m[2])];
};
const each = (v: Triple, f: (x: number) => number): Triple => [f(v[0]), f(v[1]), f(v[2])];

function linear(hex: string): Triple {
  const channel = (at: number) => parseInt(hex.slice(at, at + 2), 16) / 255;
  return each([channel(1), channel(3), channel(5)], (c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
}

function seen(hex: string, eye: Matrix): Triple {
  const light = each(times(eye, linear(hex)), (c) => Math.min(1, Math.max(0, c)));
  return times(kToLab, each(times(kToCones, light), Math.cbrt));
}

function contrast(a: string, b: string): number {
  const luminance = (hex: string) => {
    const [r, g, blue] = linear(hex);
    return 0.2126 * r + 0.7152 * g + 0.0722 * blue;
  };
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** The variables of each theme as style.css has them: light, dark by the system, dark by choice. */
function themes(): Record<string, string>[] {
  const blocks = [...css.matchAll(/:root[^{]*\{([^}]*)\}/g)].map((match) => match[1] ?? "");
  return blocks.map((block) => Object.fromEntries([...block.matchAll(/--([\w-]+):\s*([^;]+);/g)].map((m) => [m[1], m[2]])));
}

describe("colours of the causes", () => {
  const [light, dark, chosenDark] = themes() as [Record<string, string>, Record<string, string>, Record<string, string>];

  it("are the same in both ways to have the dark theme", () => {
    expect(themes().length).toBe(3);
    expect(chosenDark).toEqual(dark);
  });
  it("are sixteen, and each cause has its own", () => {
    for (const theme of [light, dark]) {
      const colours = kCauses.map((cause) => theme[causeVariable(cause)]);
      colours.forEach((colour, i) => expect(colour, kCauses[i]).toMatch(/^#[0-9a-f]{6}$/));
      expect(new Set(colours).size).toBe(16);
    }
  });
  for (const [eye, matrix] of Object.entries(kEyes)) {
    it(`can be told apart with ${eye}`, () => {
      for (const theme of [light, dark]) {
        kCauses.forEach((a, i) =>
          kCauses.slice(0, i).forEach((b) => {
            const [p, q] = [seen(theme[causeVariable(a)]!, matrix), seen(theme[causeVariable(b)]!, matrix)];
            expect(Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]), `${a} and ${b}`).toBeGreaterThan(0.09);
          }),
        );
      }
    });
  }
  it("stand out from the surface", () => {
    for (const theme of [light, dark]) {
      for (const cause of kCauses) {
        expect(contrast(theme[causeVariable(cause)]!, theme["surface"]!), cause).toBeGreaterThan(2);
      }
    }
  });
});

describe("colours of the runs", () => {
  const [light, dark] = themes() as [Record<string, string>, Record<string, string>];
  const runs = Array.from("abcdefgh", (letter) => `run-${letter}`);

  it("stand out three to one from every ground that they are drawn on", () => {
    for (const theme of [light, dark]) {
      for (const run of runs) for (const ground of ["surface", "paper", "lane"]) expect(contrast(theme[run]!, theme[ground]!), `${run} on ${ground}`).toBeGreaterThan(3);
    }
  });
  for (const [eye, matrix] of Object.entries(kEyes)) {
    it(`can be told apart with ${eye}`, () => {
      for (const theme of [light, dark]) {
        runs.forEach((a, i) =>
          runs.slice(0, i).forEach((b) => {
            const [p, q] = [seen(theme[a]!, matrix), seen(theme[b]!, matrix)];
            expect(Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]), `${a} and ${b}`).toBeGreaterThan(0.09);
          }),
        );
      }
    });
  }
  it("go with dashes of their own", () => expect(new Set(kRunDashes.map(String)).size).toBe(8));
});
