// SPDX-License-Identifier: Apache-2.0
import type { Cause, Layer, Ledger, LedgerEntry, Run } from "./types";

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
};

/** Its colour in style.css, without the dashes in front. */
export function causeVariable(cause: Cause): string {
  return `cause-${cause.replaceAll("_", "-")}`;
}

/** "layer 3 (dense 128)", counted as the charts count, for a path. */
export function layerName(run: Run, path: string): string {
  const layer = run.layers.find((one) => one.path === path);
  return layer ? `layer ${layer.depth} (${layer.text})` : path;
}

/** The entries of all residual blocks by path, those inside others too. */
export function blockEntries(entries: readonly LedgerEntry[]): Map<string, LedgerEntry> {
  const blocks = new Map<string, LedgerEntry>();
  for (const entry of entries) {
    if (entry.branch ?? entry.shortcut ?? entry.gate) blocks.set(entry.path, entry);
    for (const [path, inner] of blockEntries(entry.branch ?? [])) blocks.set(path, inner);
  }
  return blocks;
}

export interface CauseTotal {
  cause: Cause;
  total: number; // log10; negative is a loss
  share: number; // of all losses if it is one, else of all gains
}

/** What each cause adds over the main chain, the greatest loss first. */
export function causeTotals(ledger: Ledger): CauseTotal[] {
  const totals = new Map<Cause, number>();
  for (const entry of ledger.entries) {
    for (const [cause, value] of Object.entries(entry.parts) as [Cause, number | null][]) {
      totals.set(cause, (totals.get(cause) ?? 0) + (value ?? 0));
    }
  }
  const listed = [...totals].filter(([, total]) => Math.abs(total) >= 1e-3);
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
  const depthOf = new Map(layers.map((layer) => [layer.path, layer.depth]));
  const depths = new Map<number, Map<Cause, number>>(); // in backward order
  for (const entry of ledger.entries) {
    const depth = Math.max(depthOf.get(entry.path) ?? 0, 1);
    const parts = depths.get(depth) ?? new Map<Cause, number>();
    for (const [cause, value] of Object.entries(entry.parts) as [Cause, number | null][]) {
      parts.set(cause, (parts.get(cause) ?? 0) + (value ?? 0));
    }
    depths.set(depth, parts);
  }
  const used = kCauses.filter((cause) => [...depths.values()].some((parts) => parts.has(cause)));
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
      const change = members.reduce((sum, [, parts]) => sum + (parts.get(cause) ?? 0), 0);
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
