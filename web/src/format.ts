// SPDX-License-Identifier: Apache-2.0
import type { Value } from "./store";

const kSuperscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

function superscript(n: number): string {
  const digits = Array.from(String(Math.abs(n)), (d) => kSuperscripts[Number(d)] ?? "").join("");
  return (n < 0 ? "⁻" : "") + digits;
}

/** A power of ten for an axis: "10⁻²⁰", "1". */
export function power(log10: number): string {
  if (Number.isInteger(log10)) return log10 === 0 ? "1" : `10${superscript(log10)}`;
  return magnitude(log10);
}

/** A power of two for an axis over octaves: "2⁻²⁰". */
export function power2(exponent: number): string {
  return exponent === 0 ? "1" : `2${superscript(exponent)}`;
}

/** A magnitude from its base-ten logarithm: "0.35", "3.0×10⁻¹³", however far beyond the range of a float. */
export function magnitude(log10: Value | undefined): string {
  if (log10 === null || log10 === undefined || Number.isNaN(log10)) return "–";
  let exponent = Math.floor(log10);
  let mantissa = Math.round(10 ** (log10 - exponent) * 10) / 10;
  if (mantissa >= 10) {
    mantissa = 1;
    exponent += 1;
  }
  if (exponent >= -3 && exponent <= 3) return trim((mantissa * 10 ** exponent).toPrecision(2));
  return `${mantissa.toFixed(1)}×10${superscript(exponent)}`;
}

function trim(digits: string): string {
  return digits.includes("e") ? String(Number(digits)) : digits;
}

/** An ordinary number with three significant digits; very large and small ones as magnitudes. */
export function plain(x: Value | undefined): string {
  if (x === null || x === undefined || Number.isNaN(x)) return "–";
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (!Number.isFinite(x)) return x < 0 ? "−∞" : "∞";
  if (size < 1e-3 || size >= 1e6) return (x < 0 ? "−" : "") + magnitude(Math.log10(size));
  return String(Number(x.toPrecision(3))).replace("-", "−");
}

/** A fraction 0..1 in percent: "0%", "<1%", "37%". */
export function percent(fraction: Value | undefined): string {
  if (fraction === null || fraction === undefined) return "–";
  if (fraction > 0 && fraction < 0.005) return "<1%";
  if (fraction < 1 && fraction >= 0.995) return ">99%";
  return `${Math.round(fraction * 100)}%`;
}

/** A change in decades with its sign: "−20.4". */
export function decades(log10: Value | undefined): string {
  if (log10 === null || log10 === undefined) return "–";
  const text = Math.abs(log10).toFixed(Math.abs(log10) < 10 ? 2 : 1);
  return Number(text) === 0 ? "0" : (log10 < 0 ? "−" : "+") + text;
}

/** Shortens a long label in its middle. */
export function shorten(text: string, length: number): string {
  const signs = Array.from(text);
  if (signs.length <= length) return text;
  const head = Math.ceil((length - 1) / 2);
  return signs.slice(0, head).join("") + "…" + signs.slice(signs.length - (length - 1 - head)).join("");
}

/** Text with its "3.0e-13" written as "3.0×10⁻¹³", and "2^-42.5 (1.6e-13)" as that alone. No line break splits a number
 * or parts it from its percent sign. */
export function prose(text: string): string {
  const plainly = text
    .replace(/2\^[+-]?[\d.]+ \((\d[\d.]*(?:e[+-]?\d+)?)\)/g, "$1")
    .replace(/(\d) %/g, "$1\u00a0%");
  return plainly.replace(/(\d(?:\.\d+)?)e([+-]?\d+)\b/g, (_, mantissa: string, exponent: string) => {
    return `${mantissa}×10${superscript(Number(exponent))}`;
  });
}

/** A difference with its sign, its size as `format` has it: "+13", "−0.50"; "0" where that rounds to nothing. */
export function signed(x: number, format: (size: number) => string): string {
  const text = format(Math.abs(x));
  return Number(text) === 0 ? "0" : `${x < 0 ? "−" : "+"}${text}`;
}
