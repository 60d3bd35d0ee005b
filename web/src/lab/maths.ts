// SPDX-License-Identifier: Apache-2.0
import { prose } from "../format";

const kAbove: Record<string, string> = {
  "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸", "9": "⁹",
  "+": "⁺", "-": "⁻", "(": "⁽", ")": "⁾", "T": "ᵀ", "L": "ᴸ", "k": "ᵏ", "l": "ˡ", "x": "ˣ", "t": "ᵗ", "n": "ⁿ",
};
const kBelow = "₀₁₂₃₄₅₆₇₈₉";
const kNames: [RegExp, string][] = [
  [/\bdy_hat\b/g, "dŷ"],
  [/\by_hat\b/g, "ŷ"],
  [/\bsigma_w\b/g, "σ_w"],
  [/\bsigma\b/g, "σ"],
  [/\bphi\b/g, "φ"],
  [/\bdelta(?=\d)/g, "δ"],
  [/\bsqrt\(/g, "√("],
  [/\+-/g, "±"],
  [/ \* /g, " · "],
  [/\bdelta(?= [=·])/g, "δ"],
  [/ - /g, " − "],
];

function above(text: string): string | undefined {
  const signs = Array.from(text, (c) => kAbove[c]);
  return signs.every((sign) => sign !== undefined) ? signs.join("") : undefined;
}

/** Plain-text formulas as they are printed in books: "W3^T y_hat^2" becomes "W₃ᵀ ŷ²"; numbers as in prose(). */
export function maths(text: string): string {
  // What fits without a power of ten is written without one.
  let out = text.replace(/\b(\d(?:\.\d+)?)e([+-]?0*[0-3])\b/g, (_, mantissa: string, exponent: string) => {
    const digits = mantissa.replace(".", "").length;
    return String(Number(Number(mantissa + "e" + exponent).toPrecision(digits)));
  });
  out = prose(out);
  for (const [name, sign] of kNames) out = out.replace(name, sign);
  // An exponent: a sign with digits or one letter, or all in brackets. One that has no such form stays as it is.
  out = out.replace(/\^(-?\d+(?![.\d])|-?[TLklxtn](?![A-Za-z])|\((?:[-+\dLklxtn])+\))/g, (whole, exponent: string) => {
    const inner = exponent.startsWith("(") ? exponent.slice(1, -1) : exponent;
    return above(inner) ?? whole;
  });
  out = out.replace(/(^|[^A-Za-z])(d?[WAZXδ])(\d)(?!\d|\.\d)/g, (_, before: string, name: string, digit: string) => before + name + (kBelow[Number(digit)] ?? digit));
  return out.replace(/(^|[\s(,])-(?=\d)/g, "$1−");
}
