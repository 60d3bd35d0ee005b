// SPDX-License-Identifier: Apache-2.0
// The JSON of plumb/lab/lab_json.h.
import type { Value } from "../types";

export type Judgement = "right" | "inexact" | "conditional" | "wrong";

export interface Claim {
  number: number;
  said: string;
  judgement: Judgement;
  truth: string;
}

export interface Axis {
  name: string;
  log: boolean; // its values are base-ten logarithms
}

export interface Series {
  name: string;
  style: "line" | "dashed" | "points";
  x: Value[];
  y: Value[];
}

export interface Plot {
  kind: "line" | "bars" | "heat";
  title: string;
  how: string;
  x: Axis;
  y: Axis;
  categories: string[];
  series: Series[];
}

export interface TextPart {
  kind: "text";
  text: string;
}

export interface TablePart {
  kind: "table";
  title: string;
  head: string[];
  rows: string[][];
}

export type Part = TextPart | TablePart | Plot;

export interface Check {
  claim: number;
  what: string;
  measured_text: string;
  expected_text: string;
  source: string;
  ok: boolean;
}

export interface Experiment {
  name: string;
  title: string;
  question: string;
  claims: Claim[];
  parameters: { name: string; value: string; help: string }[];
  command: string;
  seconds: number;
  agrees: boolean;
  parts: Part[];
  checks: Check[];
}

export interface Lab {
  schema: number;
  plumb: string;
  experiments: Experiment[];
}
