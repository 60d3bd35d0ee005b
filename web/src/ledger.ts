// SPDX-License-Identifier: Apache-2.0
import type { BookWay, Books, Cause, Layer, LayerId, Ledger, Run, Value } from "./types";

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

/** "layer 3 (dense 128)", counted as the charts count; "the tanh after layer 3" for one without weights. */
export function layerName(run: Run, id: LayerId): string {
  const layer = run.layers[id];
  if (layer?.family === "linear") return `layer ${layer.depth} (${layerText(run, id)})`;
  if (layer?.family === "input") return "the input";
  return `the ${layerText(run, id)} ${layer?.depth ? `after layer ${layer.depth}` : "before layer 1"}`;
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
  share: number; // of all losses if it is one, else of all gains
}

/** What each cause adds over the main chain, the greatest loss first. */
export function causeTotals(ledger: Ledger): CauseTotal[] {
  const columns = Object.entries(ledger.books.parts) as [Cause, Value[]][];
  const totals = columns.map(([cause, column]) => [cause, column.reduce<number>((all, value) => all + (value ?? 0), 0)] as const);
  const listed = totals.filter(([, total]) => Math.abs(total) >= 1e-3);
  const sum = (of: (total: number) => boolean) =>
    listed.reduce((all, [, total]) => (of(total) ? all + total : all), 0);
  const lost = sum((t) => t < 0);
  const gained = sum((t) => t > 0);
  return listed
    .map(([cause, total]) => ({ cause, total, share: total / (total < 0 ? lost : gained) }))
    .sort((a, b) => a.total - b.total);
}

export interface Stair {
  group: number; // place on the axis, 0 nearest the input
  slot: number; // within the group, 0 nearest the loss
  cause: Cause;
  from: number; // log10 relative to the gradient at the loss
  to: number;
}

export interface Waterfall {
  groups: { label: string; first: number; last: number; change: number; end: number }[]; // input side first
  slots: number;
  stairs: Stair[];
}

/** The ledger as stairs from the loss down to the input: one group for each depth, or for several. */
export function waterfall(ledger: Ledger, layers: readonly Layer[], atMost = 16): Waterfall {
  const { books } = ledger;
  const used = kCauses.filter((cause) => books.parts[cause]);
  const depths = new Map<number, number[]>(); // places in the books, in backward order
  books.layers.forEach((id, i) => {
    const depth = Math.max(layers[id]?.depth ?? 0, 1);
    const places = depths.get(depth);
    if (places) places.push(i);
    else depths.set(depth, [i]);
  });
  const all = [...depths];
  const size = Math.max(1, Math.ceil(all.length / atMost));
  const result: Waterfall = { groups: [], slots: Math.max(used.length, 1), stairs: [] };
  let level = 0;
  const count = Math.ceil(all.length / size);
  for (let g = 0; g < count; ++g) {
    const members = all.slice(g * size, (g + 1) * size);
    const before = level;
    const group = count - 1 - g;
    used.forEach((cause, slot) => {
      const column = books.parts[cause]!;
      const change = members.reduce((sum, [, places]) => places.reduce((s, i) => s + (column[i] ?? 0), sum), 0);
      if (change === 0) return;
      result.stairs.push({ group, slot, cause, from: level, to: level + change });
      level += change;
    });
    const last = members[0]?.[0] ?? 0;
    const first = members[members.length - 1]?.[0] ?? 0;
    const label = first === last ? String(first) : `${first}–${last}`;
    result.groups.unshift({ label, first, last, change: level - before, end: level });
  }
  return result;
}
