// SPDX-License-Identifier: Apache-2.0
// What the server says (plumb/serve/live_json.h, docs/serve.md). Logarithms are to base ten; null is no finite number.
export type Number = number | null;

export interface Row {
  id: number;
  name: string;
  network: string;
  kind: string;
  standing: "running" | "stalled" | "cut off" | "ended";
  end: string;
  step: number;
  planned_steps: number;
  loss: Number;
  accuracy: Number;
  baseline_loss: Number;
  log10_reach: Number;
  reach_history: Number[];
  steps_per_s: Number;
  seconds_left: Number;
  age_s: Number;
  nonfinite: boolean;
  outcome: string;
  severity: "" | "note" | "warning" | "critical";
  verdict: string;
}

export interface News {
  id: number;
  name: string;
  step: number;
  severity: string;
  finding: string;
}
