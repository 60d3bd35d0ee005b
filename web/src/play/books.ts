// SPDX-License-Identifier: Apache-2.0
// Who took the gradient: the ledger's totals over all layers.
import { h } from "../dom";
import { decades } from "../format";
import { kCauseNames } from "../ledger";
import type { Look } from "../theme";
import type { Cause, Pass } from "./engine/network";

const kLog10Of2 = Math.log10(2);

export interface Total {
  cause: Cause;
  decades: number;
}

/** The greatest loss first. */
export function totals(pass: Pass): Total[] {
  const sums = new Map<Cause, number>();
  for (const entry of pass.entries) {
    for (const [cause, value] of Object.entries(entry.parts) as [Cause, number][]) {
      sums.set(cause, (sums.get(cause) ?? 0) + value * kLog10Of2);
    }
  }
  return [...sums].map(([cause, sum]) => ({ cause, decades: sum })).sort((a, b) => a.decades - b.decades);
}

export function drawBooks(into: HTMLElement, pass: Pass, look: Look): void {
  const all = totals(pass).filter((one) => Math.abs(one.decades) >= 0.005);
  const largest = Math.max(1, ...all.map((one) => Math.abs(one.decades)));
  const sum = all.reduce((total, one) => total + one.decades, 0);
  into.replaceChildren(
    h("p", {}, h("strong", {}, `${decades(sum)} powers of ten`), " from the loss to the input, taken (−) or added (+) by:"),
    h(
      "ul",
      {},
      ...all.map((one) =>
        h(
          "li",
          {},
          h("span", { class: "swatch", style: `background:${look.cause[one.cause]}` }),
          h("span", {}, kCauseNames[one.cause]),
          h("span", { class: "number" }, decades(one.decades)),
          h("span", { class: "track" }, h("span", { class: "fill", style: `width:${(100 * Math.abs(one.decades)) / largest}%;background:${look.cause[one.cause]}` })),
        ),
      ),
    ),
  );
}
