// SPDX-License-Identifier: Apache-2.0
// The document that plumb/report/report_json.cpp writes. Magnitudes are base-ten logarithms; null is
// "nothing measured", zero or not finite.

export type Value = number | null;

export type Severity = "healthy" | "note" | "warning" | "critical";

export type Outcome =
  | "healthy"
  | "converged"
  | "not_learning"
  | "sick"
  | "too_early"
  | "not_measured"
  | "not_recorded";

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
  | "recurrence"
  | "attention"
  | "embedding"
  | "join"
  | "other";

/** A layer by its place in `layers` of the run. */
export type LayerId = number;

/** `path`, `kind` and `text` are for people: nothing is read out of how they are spelt. */
export interface Layer {
  path: string;
  kind: string;
  family: string; // "input" for what the network reads
  text: string;
  block: string; // path of the innermost block it stands in; empty outside all
  depth: number; // linear layers from the input up to this one
  units: number;
  fan_in: number;
  fan_out: number;
}

export interface Evidence {
  quantity: string; // a stable name; `name` is for people
  name: string;
  value: Value;
  threshold: Value;
  threshold_source: string;
}

export interface Remedy {
  kind: string;
  layer: LayerId | null;
  arguments: Record<string, number | string>;
  text: string;
}

export interface Finding {
  id: number;
  rule: string;
  severity: Severity;
  layer: LayerId | null; // null: the loss, or the whole network
  where: string;
  first_step: number;
  last_step: number;
  over: boolean; // later steps no longer show it
  symptom: string;
  evidence: Evidence[];
  cause: string;
  cause_kind: string;
  explained_by: number | null; // id of the finding that it follows from
  consequence: string;
  remedies: Remedy[];
}

/** Entries of a ledger as columns, the one nearest the loss first. */
export interface Books {
  layers: LayerId[];
  parts: Partial<Record<Cause, Value[]>>; // the causes that occur; those of an entry sum to what it adds
  ways?: BookWay[];
}

/** One way through the layer of an entry that reads several tensors; no part of the sum. */
export interface BookWay {
  entry: number; // its place in the columns
  way: "branch" | "shortcut" | "gate" | "unnamed";
  main: boolean;
  rms: Value; // of what comes back by it where the ways meet
  share: Value; // in the sum there; negative where it cancels
  books: Books;
}

export interface Ledger {
  loss_gradient: Value;
  total: Value;
  ends_at: LayerId | null;
  ends_because: string;
  books: Books;
}

/** The document may leave out a column that was measured nowhere; readReport fills it in. */
export interface Flow {
  grad_z: Value[];
  grad_weight: Value[];
  a: Value[];
  weight: Value[];
  update_ratio: Value[];
  saturated_fraction: Value[];
  dead_fraction: Value[];
}

export interface Mark {
  layer: number; // place in the columns of the flow
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
  layer: LayerId;
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
  layer: LayerId; // the sum
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
  layer: LayerId;
  depth: number;
  text: string;
}

export interface Run {
  label: string;
  info: Info;
  end: { reason: string; steps: number; time_s: Value } | null;
  verdict: { severity: Severity; outcome: Outcome; text: string };
  findings: Finding[];
  layers: Layer[];
  profile: Place[]; // the linear layers of the chain, input side first
  beside: Place[]; // gates, layers on shortcuts and on other ways, which are no links of it
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
