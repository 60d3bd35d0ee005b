// SPDX-License-Identifier: Apache-2.0
import type { BookWay, Books, Cause, LayerId, Run, Value } from "./store";

export const kCauses: readonly Cause[] = [
  "activation_derivative",
  "weight_scale",
  "weight_alignment",
  "derivative_alignment",
  "residual_shortcut",
  "residual_branch",
  "residual_gate",
  "dropout",
  "shape",
  "normalisation",
  "pooling",
  "recurrence",
  "attention",
  "embedding",
  "join",
  "other",
];

export const kCauseNames: Record<Cause, string> = {
  activation_derivative: "derivative of the activation",
  weight_scale: "size of the weights",
  weight_alignment: "direction of the weights",
  derivative_alignment: "large gradients meeting small derivatives",
  residual_shortcut: "residual shortcut",
  residual_branch: "residual branch",
  residual_gate: "highway gate",
  dropout: "dropout",
  shape: "shape",
  normalisation: "normalisation",
  pooling: "pooling",
  recurrence: "recurrence through time",
  attention: "attention",
  embedding: "embedding",
  join: "other readers of the same tensor",
  other: "not taken apart",
};

/** Its colour in style.css, without the dashes in front. */
export function causeVariable(cause: Cause): string {
  return `cause-${cause.replaceAll("_", "-")}`;
}

/** "dense 128", or what it is where its owner has no words for it. */
export function layerText(run: Run, id: LayerId): string {
  const layer = run.layers[id];
  return layer?.text || layer?.kind || "layer";
}

/** "path 3.0", for people to find it in the network. */
export function pathText(run: Run, id: LayerId): string {
  return `path ${run.layers[id]?.path ?? ""}`;
}

const kLongText = 30;

/** The same, of a long one what stands in front of its arguments: "Conv2d". */
function shortText(run: Run, id: LayerId): string {
  const text = layerText(run, id);
  return text.length <= kLongText ? text : text.split("(")[0] || text;
}

/** "layer 3 (dense 128)", counted as the charts count; "the tanh after layer 3" for one without weights. */
export function layerName(run: Run, id: LayerId): string {
  const layer = run.layers[id];
  if (layer?.family === "linear") return `layer ${layer.depth} (${shortText(run, id)})`;
  if (layer?.family === "input") return "the input";
  return `the ${shortText(run, id)} ${layer?.depth ? `after layer ${layer.depth}` : "before layer 1"}`;
}

/** One line of the books: a layer, what it does to the gradient, and why. */
export interface Entry {
  layer: LayerId;
  attenuation: Value; // the sum of its parts; null where one is not finite
  parts: [Cause, Value][]; // without those that are nothing
  ways: BookWay[];
}

const decoded = new WeakMap<Books, readonly Entry[]>();

/** The columns of the books as entries, made when they are first asked for. */
export function entriesOf(books: Books): readonly Entry[] {
  const known = decoded.get(books);
  if (known) return known;
  const columns = kCauses.flatMap((cause): [Cause, Value[]][] => {
    const column = books.parts[cause];
    return column ? [[cause, column]] : [];
  });
  const entries = books.layers.map((layer, i): Entry => {
    const parts = columns.flatMap(([cause, column]): [Cause, Value][] => (column[i] === 0 ? [] : [[cause, column[i] ?? null]]));
    return {
      layer,
      attenuation: parts.reduce<Value>((sum, [, value]) => (sum === null || value === null ? null : sum + value), 0),
      parts,
      ways: (books.ways ?? []).filter((way) => way.entry === i),
    };
  });
  decoded.set(books, entries);
  return entries;
}

/** The layers of several ways that have books inside, those inside others too. */
export function blocksIn(books: Books): LayerId[] {
  return [
    ...new Set((books.ways ?? []).flatMap((way) => [books.layers[way.entry]!, ...blocksIn(way.books)])),
  ];
}

/** Its entry with the ways, however deep inside other blocks. */
export function blockEntry(books: Books, layer: LayerId): Entry | undefined {
  for (const way of books.ways ?? []) {
    if (books.layers[way.entry] === layer) return entriesOf(books)[way.entry];
    const inner = blockEntry(way.books, layer);
    if (inner) return inner;
  }
  return undefined;
}

export interface CauseTotal {
  cause: Cause;
  total: number; // log10; negative is a loss
}

export type Level = Partial<Record<Cause, number>>;

/** What is worth a line, the greatest loss first. */
export function causeTotals(level: Level): CauseTotal[] {
  return (Object.entries(level) as [Cause, number][])
    .map(([cause, total]) => ({ cause, total }))
    .filter(({ total }) => Math.abs(total) >= 5e-3)
    .sort((a, b) => a.total - b.total);
}

/** What each cause has added on the way from the loss to the output of every layer in the books, those inside blocks
 * too: a layer inside one starts from what came to the block. The layer at which the books end has no entry of its own, but what
 * came to it is in them. */
export function levelsOf(books: Books, endsAt: LayerId | null = null): Map<LayerId, Level> {
  const levels = new Map<LayerId, Level>();
  const walk = (some: Books, before: Level): Level => {
    let level = before;
    entriesOf(some).forEach((entry) => {
      if (!levels.has(entry.layer)) levels.set(entry.layer, level);
      for (const way of entry.ways) walk(way.books, level);
      if (entry.parts.length > 0) {
        level = { ...level };
        for (const [cause, value] of entry.parts) level[cause] = (level[cause] ?? 0) + (value ?? 0);
      }
    });
    return level;
  };
  const end = walk(books, {});
  if (endsAt !== null && !levels.has(endsAt)) levels.set(endsAt, end);
  return levels;
}

/** How a change of `gap` powers of ten divides among the causes that went its way, in proportion to what each did: what
 * others did against it is taken off before. */
export function divide(gap: number, level: Level): Level {
  const along = (Object.entries(level) as [Cause, number][]).filter(([, value]) => value * gap > 0);
  const sum = along.reduce((all, [, value]) => all + Math.abs(value), 0);
  if (sum === 0) return gap === 0 ? {} : { other: gap };
  return Object.fromEntries(along.map(([cause, value]) => [cause, (gap * Math.abs(value)) / sum]));
}
