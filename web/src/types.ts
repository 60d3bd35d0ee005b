// SPDX-License-Identifier: Apache-2.0
// Made from report.schema.json by types_from_schema.mjs.

/** A base-ten logarithm where it is a magnitude. Null: nothing measured, zero or not finite. */
export type Value = number | null;

/** A layer by its place in `layers` of the run. */
export type LayerId = number;

export type Severity = "healthy" | "note" | "warning" | "critical";

export type Outcome = "healthy" | "converged" | "not_learning" | "sick" | "too_early" | "not_measured" | "not_recorded";

export type Cause = "weight_scale" | "weight_alignment" | "activation_derivative" | "derivative_alignment" | "residual_shortcut" | "residual_branch" | "residual_gate" | "dropout" | "shape" | "normalisation" | "pooling" | "recurrence" | "attention" | "embedding" | "join" | "other";

/** What the report page holds and `plumb report --json` prints. */
export interface Report {
  schema: number;
  runs: Run[];
  /** Left out where the runs are not those of a cure. */
  proof?: Proof;
}

/** The proof of a cure (docs/cure.md): trainings with fresh seeds, the same for all arms. */
export interface Proof {
  ending: "cured" | "better" | "any_rate" | "not_found" | "interrupted";
  /** The ending in a sentence. */
  text: string;
  /** Scores are shares of right answers, else 1 - loss / loss of the constant answer. */
  is_accuracy: boolean;
  /** Of the constant answer. */
  constant_score: number | null;
  seeds: string[];
  arms: ProofArm[];
  changes: ProofChange[];
  /** The cured training; empty where nothing was cured. */
  command: string;
}

export interface ProofArm {
  name: string;
  /** By seed; null where the training diverged or was not finished. */
  scores: (number | null)[];
  mean: number | null;
  /** By how much the cured arm is above it. */
  below_cured: ProofDifference | null;
}

/** A mean paired difference with its 95 % interval, and the p of the sign-flip test. */
export interface ProofDifference {
  mean: number | null;
  low: number | null;
  high: number | null;
  p: number | null;
}

export interface ProofChange {
  key: string;
  before: string;
  after: string;
}

/** One run with what was found in it. */
export interface Run {
  /** The network as it was asked for. */
  label: string;
  /** The name of the run file; empty where there is none. */
  file: string;
  info: Info;
  /** Null: cut off, or still running. */
  end: End | null;
  verdict: Verdict;
  /** Null: the losses tell nothing. */
  learning: Learning | null;
  findings: Finding[];
  /** Remedies as commands, the most fitting first. */
  commands: Command[];
  layers: Layer[];
  /** The linear layers of the chain, input side first. */
  profile: Place[];
  /** Gates, layers on shortcuts and on other ways, which are no links of it. */
  beside: Place[];
  measured: Measured[];
  /** Of a few of the measured steps, ascending. */
  spectra: Spectrum[];
  theory: Theory | null;
  series: Series;
  /** True counts, of which the lists here may be a selection. */
  recorded: {
    steps: number;
    measured: number;
  };
}

/** What was run. */
export interface Info {
  /** Train or probe. */
  kind: string;
  network: string;
  data: string;
  loss: string;
  optimiser: string;
  precision: string;
  /** A string, for it may be beyond 2^53. */
  seed: string;
  batch: number;
  classes: number;
  planned_steps: number;
  threads: number;
  plumb_version: string;
  machine: string;
  started_at: string;
  /** Name and value of all that was asked. */
  settings: [string, string][];
}

/** How it ended. */
export interface End {
  reason: string;
  steps: number;
  time_s: Value;
}

/** The outcome in one word and in sentences. */
export interface Verdict {
  severity: Severity;
  outcome: Outcome;
  text: string;
}

/** The losses that the outcome rests on; plain numbers. */
export interface Learning {
  steps: number;
  loss_at_first: Value;
  loss_at_last: Value;
  best_loss: Value;
  baseline_loss: Value;
  baseline_accuracy: Value;
  gained_fraction: Value;
}

/** A number that was judged; log2 where the quantity says so. */
export interface Evidence {
  /** A stable name; `name` is for people. */
  quantity: string;
  name: string;
  value: Value;
  threshold: Value;
  threshold_source: string;
}

/** A change that should help. */
export interface Remedy {
  kind: string;
  layer: LayerId | null;
  arguments: Record<string, number | string>;
  text: string;
}

/** A remedy to copy into a shell. */
export interface Command {
  /** What it changes. */
  text: string;
  /** Plumb train ... */
  command: string;
}

/** One problem. */
export interface Finding {
  id: number;
  rule: string;
  severity: Severity;
  /** Null: the loss, or the whole network. */
  layer: LayerId | null;
  /** For people. */
  path: string;
  where: string;
  first_step: number;
  last_step: number;
  /** Later steps no longer show it. */
  over: boolean;
  symptom: string;
  evidence: Evidence[];
  cause: string;
  cause_kind: string;
  /** The part that the cause has in the whole; more than 1 where something else makes up for some. */
  cause_share: Value;
  did_harm: boolean | null;
  /** Id of the finding that it follows from. */
  explained_by: number | null;
  consequence: string;
  remedies: Remedy[];
}

/** `path`, `kind` and `text` are for people: nothing is read out of how they are spelt. */
export interface Layer {
  path: string;
  kind: string;
  /** Input for what the network reads. */
  family: string;
  text: string;
  /** Of an activation: what plumb theory calls it. */
  function: string;
  inputs: Input[];
  /** Path of the innermost block it stands in; empty outside all. */
  block: string;
  /** Linear layers from the input up to this one. */
  depth: number;
  units: number;
  fan_in: number;
  fan_out: number;
}

/** One tensor that a layer reads. */
export interface Input {
  from: LayerId;
  way: "branch" | "shortcut" | "gate" | "unnamed";
  /** The way that the books follow. */
  main: boolean;
}

/** A linear layer as the columns count. */
export interface Place {
  layer: LayerId;
  depth: number;
  text: string;
  /** The first one behind it, before the next linear layer. */
  activation: LayerId | null;
}

/** Columns beside `profile`; magnitudes are log10 of root mean squares. A column that was measured nowhere may be left out. */
export interface Flow {
  /** Gradient at the output of the layer. */
  grad_z?: Value[];
  /** Gradient of its weight. */
  grad_weight?: Value[];
  /** What it hands on. */
  a?: Value[];
  /** Its weight. */
  weight?: Value[];
  /** Size of the step's update to that of the weight. */
  update_ratio?: Value[];
  /** Elements where the activation behind it is flat, 0..1. */
  saturated_fraction?: Value[];
  /** Units silent for all samples of the window, 0..1. */
  dead_fraction?: Value[];
}

/** By column of the flow: ranges of places, both ends included. */
export type Ranges = Record<string, [number, number][]>;

/** Columns, and what in them has no logarithm because it is zero or not finite. */
export interface Columns {
  flow: Flow;
  zero?: Ranges;
  nonfinite?: Ranges;
}

/** One measured step. */
export interface Measured {
  step: number;
  flow: Flow;
  zero?: Ranges;
  nonfinite?: Ranges;
  beside: Columns;
  /** The slope of the profile. */
  depth_scale: {
    layers_per_efold: Value;
    log10_per_layer: Value;
    r_squared: Value;
    layers: number;
  };
  reach: Reach | null;
  joins: Join[];
  ledger: Ledger;
  times: TimeRecord[];
}

/** What the verdict speaks of: the norm of one sample's gradient at the lowest layer that could be judged, to that at the last one with weights; pooling left out. */
export interface Reach {
  /** Log10; null where the gradient ends on the way. */
  total: Value;
  bottom: LayerId | null;
  top: LayerId | null;
  ends: boolean;
}

/** The gradient's books from the loss to the input. */
export interface Ledger {
  loss_gradient: Value;
  total: Value;
  ends_at: LayerId | null;
  ends_because: string;
  books: Books;
}

/** Entries as columns, the one nearest the loss first. */
export interface Books {
  layers: LayerId[];
  /** The causes that occur; the parts of an entry sum to what it adds. */
  parts: {
    weight_scale?: Value[];
    weight_alignment?: Value[];
    activation_derivative?: Value[];
    derivative_alignment?: Value[];
    residual_shortcut?: Value[];
    residual_branch?: Value[];
    residual_gate?: Value[];
    dropout?: Value[];
    shape?: Value[];
    normalisation?: Value[];
    pooling?: Value[];
    recurrence?: Value[];
    attention?: Value[];
    embedding?: Value[];
    join?: Value[];
    other?: Value[];
  };
  ways?: BookWay[];
}

/** One way through the layer of an entry that reads several tensors; no part of the sum. */
export interface BookWay {
  /** Its place in the columns. */
  entry: number;
  way: "branch" | "shortcut" | "gate" | "unnamed";
  main: boolean;
  /** Of what comes back by it where the ways meet. */
  rms: Value;
  /** In the sum there; negative where it cancels. */
  share: Value;
  books: Books;
}

/** What came back to the input of a residual block, by which way. */
export interface Join {
  /** The sum. */
  layer: LayerId;
  /** Linear layers inside, counted as the charts count. */
  first: number;
  last: number;
  shortcut: Value;
  branch: Value;
  cosine: Value;
  /** Of a highway, as the next. */
  gate?: Value;
  carried?: Value;
}

/** One recurrent layer in one direction; lists are parallel to `t`. */
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
  gates: Record<string, Gate>;
  shares: Record<string, Value[]>;
}

/** Values of a gate, 0..1 or -1..1. */
export interface Gate {
  mean?: Value[];
  low_fraction?: Value[];
  high_fraction?: Value[];
}

/** What the books through time come to. */
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

/** Magnitudes by powers of two at one step; a role that was not recorded is left out. */
export interface Spectrum {
  step: number;
  /** `a` is that of the activation behind the layer. */
  roles: {
    grad_z?: SpectrumRole;
    grad_weight?: SpectrumRole;
    z?: SpectrumRole;
    a?: SpectrumRole;
    weight?: SpectrumRole;
  };
}

/** Columns beside `profile`. */
export interface SpectrumRole {
  /** Of each layer of `profile`: the exponent of its lowest octave. */
  low: (number | null)[];
  /** Of each: a sign for every octave from there up; its place in A-Z a-z 0-9 + / is 63 times the root of the share of the values that are not zero. */
  bins: string[];
  /** Share of exact zeros in all values; left out where there are none. */
  zero?: number[];
  /** By number format: share of the values that are not zero which it would flush to zero or overflow; left out where it is none. */
  lost?: {
    fp16?: number[];
    bf16?: number[];
    fp8_e4m3?: number[];
    fp8_e5m2?: number[];
  };
}

/** What mean-field theory says of the measured step `step`, columns beside those of the flow. */
export interface Theory {
  step: number;
  grad_z: Value[];
  grad_z_mean: Value[];
  grad_weight: Value[];
  z: Value[];
}

/** Plain numbers over the steps. */
export interface Series {
  step: number[];
  loss: Value[];
  accuracy: Value[];
  grad_norm: Value[];
  learning_rate: Value[];
  validation: {
    step: number;
    loss: Value;
    accuracy: Value;
  }[];
}
