// SPDX-License-Identifier: Apache-2.0
/// <reference types="vite/client" />
import { expect, test } from "vitest";
import schema from "../report.schema.json";
import types from "../src/types.ts?raw";
import { typesFrom } from "../types_from_schema.mjs";
import { problems, type Schema } from "../check_schema.mjs";
import { jsonAttentionRun, jsonReport, jsonRun, jsonTimeRun, withSpectra } from "./sample";

const whole = schema as unknown as Schema;

test("the types of the page are made from the schema", () => expect(types).toBe(typesFrom(schema)));

test("the samples of the tests follow the schema", () => {
  const report = jsonReport(jsonRun(), jsonAttentionRun(), jsonTimeRun(), withSpectra(jsonRun(), () => -3));
  expect(problems(JSON.parse(JSON.stringify(report)), whole)).toEqual([]);
});

test("what does not follow it is found, with its place", () => {
  const report = JSON.parse(JSON.stringify(jsonReport(jsonRun()))) as { runs: Record<string, unknown>[] };
  delete report.runs[0]!.label;
  report.runs[0]!.profile = [{ layer: "one", depth: 1, text: "dense", activation: null }];
  report.runs[0]!.new_member = 1;
  expect(problems(report, whole)).toEqual(["/runs/0: lacks label", "/runs/0/profile/0/layer: string, expected integer", "/runs/0: new_member is not in the schema"]);
});
