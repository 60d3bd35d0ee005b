// SPDX-License-Identifier: Apache-2.0
import { h, table, type Table } from "../dom";
import { magnitude } from "../format";
import { blockEntries, kCauseNames } from "../ledger";
import type { Cause, LedgerEntry, Measured, Run, Value } from "../types";

/** The books of the layers inside one residual block, which the reader chooses. */
export function insideBlocks(run: Run, current: () => Measured | undefined): { element: HTMLElement; refresh: () => void } {
  const paths = run.measured[0]?.joins.map((join) => join.path) ?? [];
  const body = h("div");
  const choice = h(
    "select",
    {},
    ...(run.measured[0]?.joins ?? []).map((join, i) =>
      h("option", { value: join.path }, `block ${i + 1}, ${layersOf(join.first, join.last)} (path ${join.path})`),
    ),
  );
  const element = h(
    "details",
    { class: "inside" },
    h("summary", {}, "The books of the layers inside a block"),
    h("label", {}, "Block: ", choice),
    body,
  );
  const refresh = () => {
    const measured = current();
    if (!element.open || !measured) return;
    const path = choice.value || paths[0] || "";
    const entry = blockEntries(measured.ledger.entries).get(path);
    const caption = `Books inside the block at path ${path}, step ${measured.step}`;
    body.replaceChildren(
      entry
        ? table(insideTable(run, entry), caption)
        : h("p", { class: "none" }, "The books of this step end before this block."),
    );
  };
  element.addEventListener("toggle", refresh);
  choice.addEventListener("change", refresh);
  return { element, refresh };
}

function layersOf(first: number, last: number): string {
  if (first === 0) return "no linear layer";
  return first === last ? `layer ${first}` : `layers ${first} to ${last}`;
}

/** A row for each layer, the one nearest the loss first; factors of the gradient. */
export function insideTable(run: Run, block: LedgerEntry): Table {
  const rows: string[][] = [];
  for (const [side, entries] of [["branch", block.branch], ["shortcut", block.shortcut], ["gate", block.gate]] as const) {
    for (const entry of entries ?? []) {
      const text = run.layers.find((layer) => layer.path === entry.path)?.text ?? entry.kind;
      const parts = (Object.entries(entry.parts) as [Cause, Value][]).map(([cause, value]) => `${kCauseNames[cause]} ×${magnitude(value)}`);
      rows.push([side, entry.path, text, `×${magnitude(entry.attenuation)}`, parts.join(", ")]);
    }
  }
  return { head: ["way", "path", "layer", "gradient", "of which"], rows };
}
