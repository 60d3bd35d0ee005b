// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { Cursor, type Moved } from "../src/cursor";
import { firstSection } from "../src/order";
import { append } from "../src/store";
import { jsonRun, jsonTimeRun, sampleFinding, sampleReport, sampleRun, sampleTimeRun } from "./sample";

describe("the cursor", () => {
  it("opens at the step and the layer where the worst finding begins", () => {
    const sick = jsonRun({ steps: [0, 10, 20] });
    sick.findings[0]!.first_step = 10;
    sick.findings[0]!.layer = sick.profile[4]!.layer;
    const cursor = new Cursor(sampleReport(jsonRun({ critical: false }), sick));
    expect(cursor.run.letter).toBe("B");
    expect([cursor.step, cursor.layer]).toEqual([10, 4]);
    expect(new Cursor(sampleReport(jsonRun({ steps: [0, 10, 20], critical: false }))).step).toBe(20);
  });
  it("moves within its bounds and tells what moved, once", () => {
    const cursor = new Cursor(sampleReport(jsonRun({ depth: 5, steps: [0, 10, 20] })));
    const moves: Moved[] = [];
    cursor.onMove((moved) => moves.push(moved));
    cursor.toPlace(99);
    cursor.toPlace(99);
    cursor.toLayer(99);
    cursor.toStep(11);
    expect([cursor.step, cursor.layer]).toEqual([10, 4]);
    expect(moves).toEqual(["step", "layer", "step"]);
  });
  it("tells who begins to listen during a move only of later ones", () => {
    const cursor = new Cursor(sampleReport(jsonRun({}), jsonRun({})));
    const late: Moved[] = [];
    const stop = cursor.onMove(() => {
      stop();
      cursor.onMove((moved) => late.push(moved));
    });
    cursor.toRun(cursor.run.letter === "A" ? 1 : 0);
    expect(late).toEqual([]);
    cursor.toLayer(cursor.layer === 0 ? 1 : 0);
    expect(late).toEqual(["layer"]);
  });
  it("stays at the end of a run that grows, and at its step elsewhere", () => {
    const whole = jsonRun({ steps: [0, 10, 20], critical: false });
    const report = sampleReport({ ...whole, measured: whole.measured.slice(0, 2) });
    const cursor = new Cursor(report);
    const moves: Moved[] = [];
    cursor.onMove((moved) => moves.push(moved));
    expect(cursor.step).toBe(10);
    append(report.runs[0]!, whole);
    cursor.grow();
    expect(cursor.step).toBe(20);
    cursor.toPlace(1);
    cursor.grow();
    expect(cursor.step).toBe(10);
    expect(moves).toEqual(["step", "step"]);
  });
  it("shows the last measurement at or before the step of another run", () => {
    const report = sampleReport(jsonRun({ steps: [0, 10, 20] }), jsonRun({ steps: [0, 15] }));
    const cursor = new Cursor(report);
    cursor.toStep(10);
    expect(report.runs.map((run) => cursor.of(run)?.step)).toEqual([10, 0]);
  });
  it("zooms around the layer, follows it and comes back", () => {
    const cursor = new Cursor(sampleReport(jsonRun({ depth: 100 })));
    cursor.toLayer(50);
    cursor.zoom(true);
    expect(cursor.window).toEqual([25, 74]);
    cursor.toLayer(99);
    expect(cursor.window).toEqual([50, 99]);
    cursor.zoom(false);
    expect(cursor.window).toEqual([0, 99]);
    expect(cursor.isZoomed).toBe(false);
  });
  it("finds its place again by the address", () => {
    const report = () => sampleReport(jsonRun({ depth: 100, steps: [0, 10, 20] }), jsonRun({ depth: 100, steps: [0, 10, 20] }));
    const cursor = new Cursor(report());
    cursor.toRun(1);
    cursor.toStep(20);
    cursor.toLayer(70);
    cursor.zoom(true);
    expect(cursor.address).toBe("run=B&step=20&layer=71&zoom=46-95");
    const other = new Cursor(report());
    other.goTo(`#${cursor.address}`);
    expect(other.address).toBe(cursor.address);
    other.goTo("#layer=1e9&step=x&run=Q&zoom=9-3");
    expect(other.run.letter).toBe("B");
  });
});

describe("the order of the sections", () => {
  it("begins with what the worst finding is about", () => {
    expect(firstSection(sampleRun())).toBe("depth");
    const run = sampleRun();
    run.findings = [sampleFinding(1, { rule: "update_too_large" })];
    expect(firstSection(run)).toBe("training");
    const recurrent = sampleTimeRun();
    recurrent.findings = [sampleFinding(1, { rule: "vanishing_through_time" })];
    expect(firstSection(recurrent)).toBe("time");
  });
  it("begins with time for a recurrent network without depth, and never without any", () => {
    const recurrent = sampleTimeRun();
    recurrent.findings = [];
    expect(firstSection(recurrent)).toBe("time");
    const dense = sampleRun();
    dense.findings = [sampleFinding(1, { rule: "saturated_gate" })];
    expect(firstSection(dense)).toBe("depth");
    expect(jsonTimeRun().profile).toHaveLength(1);
  });
});
