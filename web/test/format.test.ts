// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { decades, magnitude, percent, plain, power, prose, shorten } from "../src/format";

describe("magnitude", () => {
  it("prints what no float can hold", () => expect(magnitude(-1204.12)).toBe("7.6×10⁻¹²⁰⁵"));
  it("moves a mantissa that rounds to ten to the next power", () => expect(magnitude(-13.001)).toBe("1.0×10⁻¹³"));
  it("prints everyday sizes as decimals", () => {
    expect(magnitude(Math.log10(0.35))).toBe("0.35");
    expect(magnitude(0)).toBe("1.0");
    expect(magnitude(Math.log10(150))).toBe("150");
    expect(magnitude(Math.log10(1500))).toBe("1500");
  });
  it("prints a dash for nothing", () => expect(magnitude(null)).toBe("–"));
});

describe("the other formats", () => {
  it("writes axis powers", () => {
    expect(power(-20)).toBe("10⁻²⁰");
    expect(power(0)).toBe("1");
  });
  it("never rounds a percentage to a false end", () => {
    expect([0, 0.001, 0.37, 0.999, 1].map(percent)).toEqual(["0%", "<1%", "37%", ">99%", "100%"]);
  });
  it("signs decades", () => expect([-20.44, 1.5].map(decades)).toEqual(["−20.4", "+1.50"]));
  it("writes small numbers as magnitudes", () => expect([0, -66.123, 1e-9].map(plain)).toEqual(["0", "−66.1", "1.0×10⁻⁹"]));
  it("writes powers in prose", () => expect(prose("from 3.0e-13 to 1e+05, dense 10")).toBe("from 3.0×10⁻¹³ to 1×10⁵, dense 10"));
  it("drops the power of two before the number itself", () => expect(prose("to 2^-63.1 (9.9e-20): half")).toBe("to 9.9×10⁻²⁰: half"));
  it("keeps a percent sign with its number", () => expect(prose("gives 10 %.")).toBe("gives 10\u00a0%."));
  it("shortens in the middle, by whole characters", () => expect(shorten("abc😀def", 5)).toBe("ab…ef"));
});
