// SPDX-License-Identifier: Apache-2.0
import { readReport, readRun, type Run } from "../src/store";
import type { BookWay, Books, Cause, Finding, Flow, Join, Layer, LayerId, Measured, Report, Run as JsonRun, Value } from "../src/types";

export interface SampleOptions {
  depth?: number;
  perLayer?: number; // log10 lost in each layer
  steps?: number[]; // measured
  critical?: boolean;
  label?: string;
}

export function layer(known: Partial<Layer>): Layer {
  return { path: "", kind: "dense", family: "linear", text: "", function: "", inputs: [], block: "", depth: 0, units: 128, fan_in: 128, fan_out: 128, ...known };
}

/** One line of the books: a layer, the causes of what it does in powers of ten, and its ways. */
type Line = [LayerId, Partial<Record<Cause, number>>, Omit<BookWay, "entry">[]?];

/** The same lines as columns. */
function booksOf(lines: Line[]): Books {
  const books: Books = { layers: lines.map(([id]) => id), parts: {} };
  lines.forEach(([, parts, ways], i) => {
    for (const [cause, value] of Object.entries(parts) as [Cause, number][]) {
      (books.parts[cause] ??= lines.map(() => 0))[i] = value;
    }
    for (const way of ways ?? []) (books.ways ??= []).push({ entry: i, ...way });
  });
  return books;
}

/** What all entries add. */
function sum(books: Books): number {
  return Object.values(books.parts).flat().reduce<number>((all, value) => all + (value ?? 0), 0);
}

/** A made-up run of dense and sigmoid layers whose gradient shrinks evenly. */
export function sampleRun(options: SampleOptions = {}): Run {
  return readRun(jsonRun(options), 0);
}

export function jsonRun(options: SampleOptions = {}): JsonRun {
  const { depth = 30, perLayer = -0.65, steps = [0], critical = true } = options;
  const label = options.label ?? `${depth} x [dense 128 > sigmoid] > dense 10`;
  const layers = [layer({ path: "input", kind: "input", family: "input", text: "input 128", fan_in: 0, fan_out: 0 })];
  for (let d = 1; d <= depth; ++d) {
    layers.push(layer({ path: String(2 * d - 2), text: "dense 128", depth: d }));
    layers.push(layer({ path: String(2 * d - 1), kind: "sigmoid", family: "activation", text: "sigmoid", depth: d }));
  }
  const lines = layers.slice(1).map((one, i): Line =>
    [i + 1, one.family === "linear" ? { weight_scale: perLayer / 4 } : { activation_derivative: perLayer * 0.75 }]);
  const gradient = Array.from({ length: depth }, (_, i) => -1 + perLayer * (depth - 1 - i));
  const measured = (step: number): Measured => ({
    step,
    flow: flowOf(gradient, true),
    beside: { flow: flowOf([], true) },
    reach: { total: perLayer * (depth - 1), bottom: 1, top: 2 * depth - 1, ends: false },
    depth_scale: { layers_per_efold: -0.434 / perLayer, log10_per_layer: perLayer, r_squared: 1, layers: depth },
    joins: [],
    ledger: {
      loss_gradient: -1, total: perLayer * depth, ends_at: null, ends_because: "", books: booksOf([...lines].reverse()),
    },
    times: [],
  });
  return {
    ...runOf(label, layers, steps),
    verdict: critical
      ? { severity: "critical", outcome: "sick", text: "The first layers get no gradient. It is lost in the sigmoids." }
      : { severity: "healthy", outcome: "healthy", text: "Nothing was found." },
    findings: critical ? [sampleFinding(1)] : [],
    measured: steps.map(measured),
  };
}

function runOf(label: string, layers: Layer[], steps: number[]): JsonRun {
  return {
    label,
    file: "",
    info: {
      kind: "train", network: label, data: "spirals", loss: "cross_entropy", optimiser: "sgd", precision: "float",
      seed: "18446744073709551615", batch: 64, classes: 10, planned_steps: 100, threads: 2, plumb_version: "0.1.0",
      machine: "a machine", started_at: "2026-01-01T00:00:00Z", settings: [["learning_rate", "0.1"]],
    },
    end: { reason: "finished", steps: 100, time_s: 1.5 },
    verdict: { severity: "healthy", outcome: "healthy", text: "Nothing was found." },
    learning: null,
    findings: [],
    commands: [],
    layers,
    profile: layers.flatMap(({ family, depth, text }, id) => (family === "linear" ? [{ layer: id, depth, text, activation: layers[id + 1]?.family === "activation" ? id + 1 : null }] : [])),
    beside: [],
    measured: [],
    spectra: [],
    theory: null,
    series: {
      step: steps, loss: steps.map(() => 2.3), accuracy: steps.map(() => 0.1), grad_norm: steps.map(() => 0.2),
      learning_rate: steps.map(() => 0.1), validation: [],
    },
    recorded: { steps: steps.length, measured: steps.length },
  };
}

function flowOf(gradient: number[], activations: boolean): Flow {
  const all = (value: Value) => gradient.map(() => value);
  return {
    grad_z: gradient, grad_weight: gradient.map((g) => g - 0.5), a: all(-0.3), weight: all(-0.3),
    update_ratio: gradient.map((g) => g - 1),
    saturated_fraction: all(activations ? 0.05 : null), dead_fraction: all(activations ? 0 : null),
  };
}

export function sampleFinding(at: LayerId, known: Partial<Finding> = {}): Finding {
  return {
    id: 0, rule: "vanishing_gradient", severity: "critical", layer: at, where: "layer 1", first_step: 0, last_step: 100,
    over: false, symptom: "Layer 1 gets 3.0e-21 of the gradient.",
    evidence: [{
      quantity: "flow_log2", name: "gradient at layer 1 against that at layer 30, log2 of the norm", value: -66,
      threshold: -20, threshold_source: "our choice",
    }],
    path: "0", cause: "derivative of the sigmoid", cause_kind: "activation_derivative", cause_share: 0.75, did_harm: null, explained_by: null,
    consequence: "It will not learn.",
    remedies: [{ kind: "replace_activation", layer: null, arguments: { activation: "relu" }, text: "use relu" }],
    ...known,
  };
}

/** Blocks of attention and of two linear layers, each with a shortcut; the attention reads three ways without names. */
export function sampleAttentionRun(blocks = 2, steps = [0]): Run {
  return readRun(jsonAttentionRun(blocks, steps), 0);
}

export function jsonAttentionRun(blocks = 2, steps = [0]): JsonRun {
  const layers = [layer({ path: "tokens", kind: "input", family: "input", text: "" })];
  const add = (block: string, name: string, kind: string, family: string, depth: number, text = kind) =>
    layers.push(layer({ path: `${block ? `${block}.` : ""}${name}`, kind, family, text, block, depth, units: 64, fan_in: 64, fan_out: 64 })) - 1;
  add("", "embedding", "embedding", "embedding", 0);
  const lines: Line[] = [[1, { embedding: -0.1, join: 0.3 }]];
  const joins: Join[] = [];
  const beside: JsonRun["beside"] = [];
  for (let b = 0; b < blocks; ++b) {
    const block = `blocks.${b}`;
    const d = 4 * b;
    const linear = (name: string, depth: number) => add(block, name, "linear", "linear", depth, "linear 64");
    const norm = add(block, "norm", "layer_norm", "normalisation", d);
    const [q, k, v] = [linear("q", d + 1), linear("k", d + 1), linear("v", d + 1)];
    const attention = add(block, "attention", "attention", "attention", d + 1);
    const out = linear("out", d + 2);
    const sum = add(block, "add", "add", "residual", d + 2);
    const norm2 = add(block, "norm2", "layer_norm", "normalisation", d + 2);
    const up = linear("up", d + 3);
    const gelu = add(block, "gelu", "gelu", "activation", d + 3);
    const down = linear("down", d + 4);
    const sum2 = add(block, "add2", "add", "residual", d + 4);
    const unnamed = (id: LayerId, share: number, main: boolean) => ({
      way: "unnamed" as const, main, rms: -3 + share, share, books: booksOf([[id, { weight_scale: -0.3, weight_alignment: 0.1 }]]),
    });
    const branch = (inner: Line[]) => ({ way: "branch" as const, main: true, rms: -3, share: -0.1, books: booksOf(inner) });
    const shortcut = { way: "shortcut" as const, main: false, rms: -2, share: 1.1, books: booksOf([]) };
    lines.push([sum, { residual_branch: 0.2 }, [
      branch([
        [out, { weight_scale: Math.log10(0.5) }],
        [attention, { attention: Math.log10(0.2) }, [unnamed(q, 0.2, false), unnamed(k, 0.1, false), unnamed(v, 0.7, true)]],
        [norm, { normalisation: Math.log10(0.8) }],
      ]),
      shortcut,
    ]]);
    lines.push([sum2, { residual_branch: 0.05 * (b + 1), other: -0.02 }, [
      branch([[down, { weight_scale: -0.2 }], [gelu, { activation_derivative: -0.3 }], [up, { weight_scale: -0.2 }], [norm2, { normalisation: -0.1 }]]),
      shortcut,
    ]]);
    joins.push({ layer: sum, first: d + 1, last: d + 2, shortcut: -2, branch: -3 + 0.1 * b, cosine: -0.2 });
    joins.push({ layer: sum2, first: d + 3, last: d + 4, shortcut: -2, branch: -2.5 + 0.1 * b, cosine: 0.3 });
    for (const id of [k, v]) beside.push({ layer: id, depth: d + 1, text: "beside: linear 64", activation: null });
  }
  const head = add("", "head", "linear", "linear", 4 * blocks + 1, "linear 10");
  lines.push([head, { weight_scale: -0.6, weight_alignment: 0.2 }]);
  const run = runOf(`a transformer of ${blocks} blocks`, layers, steps);
  run.beside = beside;
  run.profile = run.profile.filter((place) => !beside.some((one) => one.layer === place.layer));
  const books = booksOf(lines.reverse());
  run.measured = steps.map((step): Measured => ({
    step,
    flow: flowOf(run.profile.map((_, i) => -1.4 + 0.03 * (run.profile.length - i) - 0.3 * (i % 2)), false),
    beside: { flow: flowOf(beside.map((_, i) => -3 + 0.5 * (i % 2)), false) },
    reach: null,
    depth_scale: { layers_per_efold: null, log10_per_layer: 0.03, r_squared: 0.4, layers: run.profile.length },
    joins,
    ledger: { loss_gradient: -1, total: sum(books), ends_at: null, ends_because: "", books },
    times: [],
  }));
  return run;
}

/** A run with one recurrent layer of `timeSteps` steps that loses `perStep` powers of ten at each. */
export function sampleTimeRun(timeSteps = 5, perStep = -0.5, label = "lstm 8 > last > dense 2"): Run {
  return readRun(jsonTimeRun(timeSteps, perStep, label), 0);
}

export function jsonTimeRun(timeSteps = 5, perStep = -0.5, label = "lstm 8 > last > dense 2"): JsonRun {
  const run = jsonRun({ depth: 1, steps: [0, 10], label });
  const recurrent = run.layers.push(layer({ path: "encoder.r", kind: "lstm", family: "recurrent", text: "lstm 8", units: 8, fan_in: 0, fan_out: 0 })) - 1;
  const t = Array.from({ length: timeSteps }, (_, i) => i);
  const gradient = t.map((i) => perStep * (timeSteps - 1 - i));
  for (const measured of run.measured) {
    measured.times.push({
      layer: recurrent, reverse: false, time_steps: timeSteps, units: 8, t, gradient, zero: [], kept: gradient,
      gates: { forget_gate: { mean: t.map(() => 0.5), low_fraction: t.map(() => 0.1), high_fraction: t.map(() => 0.2) } },
      shares: { grad_h_by_carry: t.map(() => 1) },
      summary: {
        steps: timeSteps - 1, total: gradient[0]!, kept: gradient[0]!, steps_per_efold: 1, log10_per_step: perStep, r_squared: 1,
        memory: 3, memory_is_all: false, ends_because: "", parts: { gate_carry: gradient[0]! },
      },
    });
  }
  return run;
}

/** A spectrum in which every layer has its values in three octaves from `low` on. */
export function withSpectra(run: JsonRun, low: (layer: number, step: number) => number): JsonRun {
  const role = (step: number) => ({
    low: run.profile.map((_, i) => low(i, step)),
    // Shares of 1/4, 1/2 and 1/4: 63 times their roots.
    bins: run.profile.map(() => "gtg"),
    lost: { fp16: run.profile.map((_, i) => (low(i, step) < -25 ? 1 : 0)) },
  });
  return { ...run, spectra: run.measured.map(({ step }) => ({ step, roles: { grad_z: role(step) } })) };
}

export function jsonReport(...runs: JsonRun[]): Report {
  return { schema: 3, runs };
}

/** Runs as the page has them, each with its letter. */
export function sampleReport(...runs: JsonRun[]) {
  return readReport(JSON.stringify(jsonReport(...runs)));
}
