// SPDX-License-Identifier: Apache-2.0
import { levelAt } from "../charts/hero";
import type { Cursor } from "../cursor";
import { h } from "../dom";
import { decades, magnitude } from "../format";
import { causeTotals, causeVariable, kCauseNames, layerName, type Level } from "../ledger";
import type { Cause, Measured, Run } from "../store";

/** What each cause did between the loss and the chosen layer, exactly; also the legend of the colours. */
export function causeBars(run: Run, cursor: Cursor): HTMLElement {
  const measured = cursor.of(run);
  if (!measured) return h("div");
  const { ledger } = measured;
  const i = cursor.layer;
  const place = run.profile[i];
  const ends = ledger.ends_at !== null ? h("p", { class: "cut" }, `The books end at ${layerName(run, ledger.ends_at)}: ${ledger.ends_because}.`) : null;
  const value = measured.flow.grad_z[i] ?? null;
  const level = levelAt(run, measured, i);
  if (!place || value === null || ledger.loss_gradient === null || !level) return h("div", { class: "causes" }, ends);
  const totals = causeTotals(level);
  const widest = Math.max(1, ...totals.map((t) => Math.abs(t.total)));
  const change = value - ledger.loss_gradient;
  const rest = change - totals.reduce((sum, { total }) => sum + total, 0);
  if (Math.abs(rest) >= 0.05) totals.push({ cause: "other", total: rest });
  if (totals.length === 0) {
    return h("div", { class: "causes" }, h("p", {}, `At ${layerName(run, place.layer)} the gradient of step ${measured.step} starts: nothing has taken of it yet.`), ends);
  }
  return h(
    "div",
    { class: "causes" },
    h("p", {}, `From the loss to ${layerName(run, place.layer)}, step ${measured.step}: `, h("strong", {}, `× ${magnitude(change)}`), ` of the root mean square${asNorm(run, measured, i, level)}, ${decades(change)} powers of ten, the sum of:`),
    h("ul", {}, ...totals.map(({ cause, total }) => line(cause, total, widest))),
    ends,
  );
}

/** The verdict speaks of norms, which a wider layer has more of. */
function asNorm(run: Run, measured: Measured, i: number, level: Level): string {
  const last = run.profile.length - 1;
  const [from, to] = [measured.flow.grad_z[last], measured.flow.grad_z[i]];
  const units = (at: number) => run.layers[run.profile[at]!.layer]?.units || 0;
  // The verdict leaves pooling out.
  const { reach } = measured;
  if (level.pooling) {
    return reach && reach.total !== null && reach.bottom === run.profile[i]!.layer ? ` (× ${magnitude(reach.total)} of the norm, pooling left out)` : "";
  }
  if (from === null || to === null || from === undefined || to === undefined || !units(i) || !units(last) || units(i) === units(last)) return "";
  return ` (× ${magnitude(to - from + 0.5 * Math.log10(units(i) / units(last)))} of the norm)`;
}

function line(cause: Cause, total: number, widest: number): HTMLElement {
  const fill = h("span", { class: "fill" });
  fill.style.width = `${((Math.abs(total) / widest) * 100).toFixed(1)}%`;
  fill.style.background = `var(--${causeVariable(cause)})`;
  const swatch = h("span", { class: "swatch" });
  swatch.style.background = `var(--${causeVariable(cause)})`;
  return h(
    "li",
    {},
    swatch,
    h("span", { class: "name" }, kCauseNames[cause]),
    h("span", { class: "number" }, decades(total)),
    h("span", { class: "share" }, total < 0 ? "lost" : "gained"),
    h("span", { class: "track" }, fill),
  );
}
