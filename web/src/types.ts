// SPDX-License-Identifier: Apache-2.0
// The document that plumb/report/report_json.cpp writes. Magnitudes are base-ten logarithms; null is
// "nothing measured", zero or not finite.

export type Value = number | null;

export type Severity = "healthy" | "note" | "warning" | "critical";

export type Cause =
  | "weight_scale"
  | "weight_alignment"
  | "activation_derivative"
  | "derivative_alignment"
  | "residual_shortcut"
  | "residual_branch"
  | "residual_gate"
  | "dropout"
  | "shape"
  | "normalisation"
  | "pooling"
  | "recurrence";

export interface Layer {
  path: string;
  kind: string;
  family: string;
  text: string;
  parent: string;
  depth: number;
  units: number;
  fan_in: number;
  fan_out: number;
}

export interface Evidence {
  quantity: string;
  value: Value;
  threshold: Value;
  threshold_source: string;
}

export interface Finding {
  rule: string;
  severity: Severity;
  path: string;
  where: string;
  layer: string;
  depth: number;
  first_step: number;
  last_step: number;
  symptom: string;
  evidence: Evidence[];
  cause: string;
  consequence: string;
  remedies: string[];
}

export interface LedgerEntry {
  path: string;
  kind: string;
  grad_in: Value;
  attenuation: Value;
  parts: Partial<Record<Cause, Value>>;
  branch?: LedgerEntry[];
  shortcut?: LedgerEntry[];
  gate?: LedgerEntry[];
}

export interface Ledger {
  loss_gradient: Value;
  total: Value;
  ends_at: string;
  ends_because: string;
  entries: LedgerEntry[];
}

export interface Flow {
  grad_z: Value[];
  grad_weight: Value[];
  z: Value[];
  a: Value[];
  weight: Value[];
  update_ratio: Value[];
  saturated_fraction: Value[];
  dead_fraction: Value[];
}

export interface Mark {
  layer: number;
  state: "zero" | "nonfinite";
}

/** What the books through time come to; magnitudes in powers of ten. */
export interface TimeSummary {
  steps: number;
  total: Value;
  kept: Value;
  steps_per_efold: Value;
  log10_per_step: Value;
  r_squared: Value;
  memory: number;
  memory_is_all: boolean;
  ends_because: string;
  parts: Record<string, Value>;
}

/** One recurrent layer in one direction at one measured step; lists are parallel to `t`. */
export interface TimeRecord {
  path: string;
  reverse: boolean;
  time_steps: number;
  units: number;
  t: number[];
  summary: TimeSummary;
  gradient: Value[];
  zero: number[];
  kept: Value[];
  grad_h?: Value[];
  grad_c?: Value[];
  h?: Value[];
  c?: Value[];
  gates: Record<string, { mean?: Value[]; low_fraction?: Value[]; high_fraction?: Value[] }>;
  shares: Record<string, Value[]>;
}

/** What came back to the input of a residual block, by which way. */
export interface Join {
  path: string;
  first: number; // linear layers inside, counted as the charts count
  last: number;
  shortcut: Value;
  branch: Value;
  cosine: Value;
  gate?: Value; // of a highway, as the next
  carried?: Value;
}

export interface Measured {
  step: number;
  flow: Flow; // columns beside `profile` of the run
  marks: Mark[];
  beside: { flow: Flow; marks: Mark[] }; // the same beside its `beside`
  depth_scale: { layers_per_efold: Value; log10_per_layer: Value; r_squared: Value; layers: number };
  joins: Join[];
  ledger: Ledger;
  times: TimeRecord[];
}

export interface Series {
  step: number[];
  loss: Value[];
  accuracy: Value[];
  grad_norm: Value[];
  learning_rate: Value[];
  validation: { step: number; loss: Value; accuracy: Value }[];
}

export interface Info {
  kind: string;
  network: string;
  data: string;
  loss: string;
  optimiser: string;
  precision: string;
  seed: string;
  batch: number;
  classes: number;
  planned_steps: number;
  threads: number;
  plumb_version: string;
  machine: string;
  started_at: string;
  settings: [string, string][];
}

export interface Place {
  path: string;
  depth: number;
  text: string;
}

export interface Run {
  label: string;
  info: Info;
  end: { reason: string; steps: number; time_s: Value } | null;
  verdict: { severity: Severity; text: string };
  findings: Finding[];
  layers: Layer[];
  profile: Place[]; // the linear layers of the chain, input side first
  beside: Place[]; // gates and layers on shortcuts, which are no links of it
  measured: Measured[];
  theory: Theory | null;
  series: Series;
  recorded: { steps: number; measured: number };
}

/** What mean-field theory says of the measured step `step`, a column beside those of the flow. */
export interface Theory {
  step: number;
  grad_z: Value[];
  grad_z_mean: Value[];
  grad_weight: Value[];
  z: Value[];
}

export interface Report {
  schema: number;
  runs: Run[];
}
