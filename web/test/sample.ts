// SPDX-License-Identifier: Apache-2.0
import type { Finding, Layer, Measured, Report, Run } from "../src/types";

export interface SampleOptions {
  depth?: number;
  perLayer?: number; // log10 lost in each layer
  steps?: number[]; // measured
  critical?: boolean;
  label?: string;
}

/** A made-up run of dense and sigmoid layers whose gradient shrinks evenly. */
export function sampleRun(options: SampleOptions = {}): Run {
  const { depth = 30, perLayer = -0.65, steps = [0], critical = true } = options;
  const label = options.label ?? `${depth} x [dense 128 > sigmoid] > dense 10`;
  const layers: Layer[] = [];
  for (let d = 1; d <= depth; ++d) {
    const common = { parent: "", depth: d, units: 128, fan_in: 128, fan_out: 128 };
    layers.push({ path: String(2 * d - 2), kind: "dense", family: "linear", text: "dense 128", ...common });
    layers.push({ path: String(2 * d - 1), kind: "sigmoid", family: "activation", text: "sigmoid", ...common });
  }
  const profile = layers
    .filter((layer) => layer.family === "linear")
    .map(({ path, depth: at, text }) => ({ path, depth: at, text }));
  return {
    label,
    info: {
      kind: "train", network: label, data: "spirals", loss: "cross_entropy", optimiser: "sgd", precision: "float",
      seed: "18446744073709551615", batch: 64, classes: 10, planned_steps: 100, threads: 2, plumb_version: "0.1.0",
      machine: "a machine", started_at: "2026-01-01T00:00:00Z", settings: [["learning_rate", "0.1"]],
    },
    end: { reason: "finished", steps: 100, time_s: 1.5 },
    verdict: critical
      ? { severity: "critical", text: "The first layers get no gradient. It is lost in the sigmoids." }
      : { severity: "healthy", text: "Nothing was found." },
    findings: critical ? [sampleFinding()] : [],
    layers,
    profile,
    beside: [],
    measured: steps.map((step) => sampleMeasured(step, depth, perLayer, layers)),
    theory: null,
    series: {
      step: steps, loss: steps.map(() => 2.3), accuracy: steps.map(() => 0.1), grad_norm: steps.map(() => 0.2),
      learning_rate: steps.map(() => 0.1), validation: [],
    },
    recorded: { steps: steps.length, measured: steps.length },
  };
}

function sampleFinding(): Finding {
  return {
    rule: "vanishing_gradient", severity: "critical", path: "0", where: "layer 1", layer: "dense 128", depth: 1, first_step: 0, last_step: 100,
    symptom: "Layer 1 gets 3.0e-21 of the gradient.",
    evidence: [{ quantity: "attenuation, log2", value: -66, threshold: -20, threshold_source: "our choice" }],
    cause: "derivative of the sigmoid", consequence: "It will not learn.", remedies: ["use relu"],
  };
}

function sampleMeasured(step: number, depth: number, perLayer: number, layers: Layer[]): Measured {
  const gradient = Array.from({ length: depth }, (_, i) => -1 + perLayer * (depth - 1 - i));
  const flat = gradient.map(() => -0.3);
  return {
    step,
    flow: {
      grad_z: gradient, grad_weight: gradient.map((g) => g - 0.5), z: flat, a: flat, weight: flat,
      update_ratio: gradient.map((g) => g - 1), saturated_fraction: flat.map(() => 0.05), dead_fraction: flat.map(() => 0),
    },
    marks: [],
    beside: {
      flow: {
        grad_z: [], grad_weight: [], z: [], a: [], weight: [], update_ratio: [], saturated_fraction: [], dead_fraction: [],
      },
      marks: [],
    },
    depth_scale: { layers_per_efold: -0.434 / perLayer, log10_per_layer: perLayer, r_squared: 1, layers: depth },
    joins: [],
    ledger: {
      loss_gradient: -1, total: perLayer * depth, ends_at: "", ends_because: "",
      entries: [...layers].reverse().map((layer) =>
        layer.family === "linear"
          ? { path: layer.path, kind: layer.kind, grad_in: null, attenuation: perLayer / 4, parts: { weight_scale: perLayer / 4 } }
          : { path: layer.path, kind: layer.kind, grad_in: null, attenuation: perLayer * 0.75, parts: { activation_derivative: perLayer * 0.75 } },
      ),
    },
    times: [],
  };
}

/** A run with one recurrent layer of `timeSteps` steps that loses `perStep` powers of ten at each. */
export function sampleTimeRun(timeSteps = 5, perStep = -0.5, label = "lstm 8 > last > dense 2"): Run {
  const run = sampleRun({ depth: 1, steps: [0, 10], label });
  run.layers.unshift({
    path: "r", kind: "lstm", family: "recurrent", text: "lstm 8", parent: "", depth: 0, units: 8, fan_in: 0, fan_out: 0,
  });
  const t = Array.from({ length: timeSteps }, (_, i) => i);
  const gradient = t.map((i) => perStep * (timeSteps - 1 - i));
  for (const measured of run.measured) {
    measured.times.push({
      path: "r", reverse: false, time_steps: timeSteps, units: 8, t, gradient, zero: [], kept: gradient,
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

export function sampleReport(...runs: Run[]): Report {
  return { schema: 1, runs };
}
