// SPDX-License-Identifier: Apache-2.0
import { h } from "../dom";
import { decades, magnitude, percent } from "../format";
import { causeTotals, causeVariable, kCauseNames, layerName } from "../ledger";
import type { Cause, Measured, Run } from "../types";

/** The ledger summed by cause, as a short list of bars; also the legend of the waterfall. */
export function causeBars(run: Run, measured: Measured | undefined): HTMLElement {
  if (!measured) return h("div");
  const totals = causeTotals(measured.ledger);
  const widest = Math.max(1e-9, ...totals.map((t) => Math.abs(t.total)));
  const { ledger } = measured;
  return h(
    "div",
    { class: "causes" },
    h(
      "p",
      {},
      "From loss to input: ",
      h("strong", {}, `× ${magnitude(ledger.total)}`),
      `, that is ${decades(ledger.total)} powers of ten:`,
    ),
    h(
      "ul",
      {},
      ...totals.map(({ cause, total, share }) =>
        h(
          "li",
          {},
          h("span", { class: "swatch", style: `background:var(--${causeVariable(cause)})` }),
          h("span", { class: "name" }, kCauseNames[cause]),
          h("span", { class: "number" }, decades(total)),
          h("span", { class: "share" }, `${percent(share)} of all ${total < 0 ? "lost" : "gained"}`),
          h("span", { class: "track" }, bar(cause, Math.abs(total) / widest)),
        ),
      ),
    ),
    ledger.ends_at !== null
      ? h("p", { class: "cut" }, `The books end at ${layerName(run, ledger.ends_at)}: ${ledger.ends_because}.`)
      : null,
  );
}

function bar(cause: Cause, fraction: number): HTMLElement {
  const width = `${(fraction * 100).toFixed(1)}%`;
  return h("span", { class: "fill", style: `width:${width};background:var(--${causeVariable(cause)})` });
}
