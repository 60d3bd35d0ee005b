// SPDX-License-Identifier: Apache-2.0
import { layersOf } from "../charts/joins";
import { h } from "../dom";
import { table, type Table } from "../frame";
import { magnitude, percent } from "../format";
import { blockEntry, blocksIn, entriesOf, kCauseNames, layerName, layerText, pathText, type Entry } from "../ledger";
import type { BookWay, LayerId, Measured, Run } from "../store";

/** The layers of several ways whose books any step has, input side first as far as their order says. */
export function blocksOf(run: Run): LayerId[] {
  return [...new Set(run.measured.flatMap((measured) => blocksIn(measured.ledger.books)))].sort((a, b) => a - b);
}

/** The books of the layers inside one block, which the reader chooses; null where there is none. */
export function insideBlocks(
  run: Run,
  current: () => Measured | undefined,
): { element: HTMLElement; refresh: () => void } | null {
  const blocks = blocksOf(run);
  if (blocks.length === 0) return null;
  const body = h("div");
  const choice = h("select", {}, ...blocks.map((id) => h("option", { value: id }, blockName(run, id))));
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
    const block = Number(choice.value);
    const entry = blockEntry(measured.ledger.books, block);
    if (!entry) {
      body.replaceChildren(h("p", { class: "none" }, "The books of this step end before this block."));
      return;
    }
    const caption = `Books inside ${blockName(run, block)}, step ${measured.step}`;
    body.replaceChildren(table(waysTable(run, entry), `Ways of ${caption}`), table(insideTable(run, entry), caption));
  };
  element.addEventListener("toggle", refresh);
  choice.addEventListener("change", refresh);
  return { element, refresh };
}

/** Numbered as the chart of the residual blocks numbers them; other layers of several ways by their name. */
function blockName(run: Run, id: LayerId): string {
  const joins = run.measured[0]?.joins ?? [];
  const place = joins.findIndex((join) => join.layer === id);
  const name = place >= 0 ? `block ${place + 1}, ${layersOf(joins[place]!)}` : layerName(run, id);
  return `${name} (${pathText(run, id)})`;
}

/** A way without a name is known by the layer that it begins with, on the side of the loss. */
function wayName(run: Run, way: BookWay): string {
  if (way.way !== "unnamed") return way.way;
  const first = way.books.layers[0];
  return first === undefined ? "directly" : `through ${run.layers[first]?.path || layerText(run, first)}`;
}

/** What comes back to the input of the block, by each way. */
export function waysTable(run: Run, block: Entry): Table {
  return {
    head: ["way", "gradient that comes back", "share of the sum"],
    rows: block.ways.map((way) => [wayName(run, way), magnitude(way.rms), percent(way.share).replace("-", "−")]),
  };
}

/** A row for each layer, the one nearest the loss first; factors of the gradient. */
export function insideTable(run: Run, block: Entry): Table {
  const rows = block.ways.flatMap((way) =>
    entriesOf(way.books).map((entry) => [
      wayName(run, way),
      run.layers[entry.layer]?.path ?? "",
      layerText(run, entry.layer),
      `×${magnitude(entry.attenuation)}`,
      entry.parts.map(([cause, value]) => `${kCauseNames[cause]} ×${magnitude(value)}`).join(", "),
    ]),
  );
  return { head: ["way", "path", "layer", "gradient", "of which"], rows };
}
