// SPDX-License-Identifier: Apache-2.0
import { lastAtMost } from "./scale";
import type { Measured, Report, Run } from "./store";

export type Moved = "step" | "layer" | "zoom" | "run";

/** Where the reader looks: one run, one measured step and one layer of it, for all charts. The address of the page says
 * it, so that it can be sent to somebody. */
export class Cursor {
  steps: readonly number[] = [];
  private at = 0;
  private layerAt = 0;
  private runAt: number;
  private zoomed: [number, number] | null = null;
  private readonly listeners = new Set<(moved: Moved) => void>();

  constructor(private readonly report: Report) {
    this.collect();
    const sick = report.runs.findIndex((run) => run.verdict.severity === "critical");
    this.runAt = Math.max(0, sick);
    // The worst finding is what the reader came for; a healthy run shows where it ended.
    const worst = sick >= 0 ? this.run?.findings[0] : undefined;
    this.at = Math.max(0, this.steps.length - 1);
    if (worst && this.steps.length > 0) this.at = lastAtMost(this.steps, worst.first_step);
    const found = worst?.layer ?? null;
    const place = found === null ? -1 : (this.run?.profile.findIndex((one) => one.layer === found) ?? -1);
    if (place > 0) this.layerAt = place;
  }

  private collect(): void {
    const all = this.report.runs.flatMap((run) => run.measured.map((m) => m.step));
    this.steps = [...new Set(all)].sort((a, b) => a - b);
  }
  /** Runs have grown: a cursor at the end stays there, any other at its step. Where that is among the steps is told. */
  grow(): void {
    const was = this.step;
    const count = this.steps.length;
    const atEnd = this.at >= this.steps.length - 1;
    this.collect();
    this.at = atEnd || was === undefined ? Math.max(0, this.steps.length - 1) : Math.max(0, this.steps.indexOf(was));
    if (this.steps.length !== count) this.tell("step");
  }

  get run(): Run {
    return this.report.runs[this.runAt]!;
  }
  get place(): number {
    return this.at;
  }
  get step(): number | undefined {
    return this.steps[this.at];
  }
  /** Its place in the profile of the run. */
  get layer(): number {
    return Math.min(this.layerAt, Math.max(0, this.run.profile.length - 1));
  }
  /** The places of the layers that are shown, both ends included. */
  get window(): [number, number] {
    const last = Math.max(0, this.run.profile.length - 1);
    if (!this.zoomed) return [0, last];
    return [Math.min(this.zoomed[0], last), Math.min(this.zoomed[1], last)];
  }
  get isZoomed(): boolean {
    return this.zoomed !== null;
  }

  /** The run's own measurement at the chosen step, or its last one before. */
  of(run: Run): Measured | undefined {
    if (run.measured.length === 0) return undefined;
    return run.measured[lastAtMost(run.measured.map((m) => m.step), this.step ?? 0)];
  }
  get measured(): Measured | undefined {
    return this.of(this.run);
  }

  onMove(listener: (moved: Moved) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  toPlace(place: number): void {
    const next = clamp(place, 0, this.steps.length - 1);
    if (next === this.at) return;
    this.at = next;
    this.tell("step");
  }
  /** To the measured step nearest to it. */
  toStep(step: number): void {
    let best = 0;
    this.steps.forEach((one, i) => {
      if (Math.abs(one - step) < Math.abs(this.steps[best]! - step)) best = i;
    });
    this.toPlace(best);
  }
  toLayer(layer: number): void {
    const next = clamp(Math.round(layer), 0, this.run.profile.length - 1);
    if (next === this.layerAt) return;
    this.layerAt = next;
    const [first, last] = this.window;
    if (this.zoomed && (next < first || next > last)) this.zoomAround(last - first + 1);
    this.tell("layer");
  }
  toRun(place: number): void {
    const next = clamp(place, 0, this.report.runs.length - 1);
    if (next === this.runAt) return;
    this.runAt = next;
    this.zoomed = null;
    this.tell("run");
  }
  /** Half as many layers, or twice as many, around the chosen one. */
  zoom(into: boolean): void {
    const [first, last] = this.window;
    const count = last - first + 1;
    this.zoomAround(into ? Math.max(4, Math.ceil(count / 2)) : count * 2);
    this.tell("zoom");
  }

  private zoomAround(count: number): void {
    const all = this.run.profile.length;
    if (count >= all) {
      this.zoomed = null;
      return;
    }
    const first = clamp(this.layer - Math.floor(count / 2), 0, all - count);
    this.zoomed = [first, first + count - 1];
  }

  private tell(moved: Moved): void {
    // Who begins to listen meanwhile shows the new place already.
    for (const listener of [...this.listeners]) listener(moved);
  }

  /** "run=B&step=100&layer=5": layers counted from 1, as the charts do. */
  get address(): string {
    const parts = [`step=${this.step ?? 0}`, `layer=${this.layer + 1}`];
    if (this.report.runs.length > 1) parts.unshift(`run=${this.run.letter}`);
    if (this.zoomed) parts.push(`zoom=${this.zoomed[0] + 1}-${this.zoomed[1] + 1}`);
    return parts.join("&");
  }
  /** Takes what an address says; what it does not say, or says of what is not there, stays. */
  goTo(address: string): void {
    const said = new URLSearchParams(address.replace(/^#/, ""));
    const run = this.report.runs.findIndex((one) => one.letter === said.get("run"));
    if (run >= 0) this.toRun(run);
    const step = Number(said.get("step") ?? NaN);
    if (Number.isFinite(step)) this.toStep(step);
    const layer = Number(said.get("layer") ?? NaN);
    if (layer >= 1) this.toLayer(layer - 1);
    const zoom = /^(\d+)-(\d+)$/.exec(said.get("zoom") ?? "");
    if (zoom) {
      const [first, last] = [Number(zoom[1]) - 1, Number(zoom[2]) - 1];
      if (first >= 0 && last > first && last < this.run.profile.length) {
        this.zoomed = [first, last];
        this.tell("zoom");
      }
    }
  }
}

function clamp(x: number, low: number, high: number): number {
  return Math.max(low, Math.min(high, x));
}
