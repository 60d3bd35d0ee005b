// SPDX-License-Identifier: Apache-2.0
import { h } from "./dom";
import { lastAtMost } from "./scale";
import type { Measured, Report, Run } from "./types";

/** Which measured step the charts over depth show: one for all runs. */
export class StepChoice {
  readonly steps: number[];
  private place: number;
  private readonly listeners: (() => void)[] = [];

  constructor(report: Report) {
    const all = report.runs.flatMap((run) => run.measured.map((m) => m.step));
    this.steps = [...new Set(all)].sort((a, b) => a - b);
    // The worst finding is what the reader came for; a healthy run shows where it ended.
    const found = report.runs.flatMap((run) => (run.verdict.severity === "critical" ? run.findings.slice(0, 1) : []));
    const first = found[0]?.first_step;
    this.place = Math.max(0, this.steps.length - 1);
    if (first !== undefined && this.steps.length > 0) this.place = lastAtMost(this.steps, first);
  }

  get step(): number | undefined {
    return this.steps[this.place];
  }

  /** The run's own measurement at the chosen step, or its last one before. */
  of(run: Run): Measured | undefined {
    if (run.measured.length === 0) return undefined;
    return run.measured[lastAtMost(run.measured.map((m) => m.step), this.step ?? 0)];
  }

  onChange(listener: () => void): void {
    this.listeners.push(listener);
  }

  control(): HTMLElement {
    const name = () => (this.place === 0 && this.step === 0 ? "step 0, at initialisation" : `step ${this.step}`);
    if (this.steps.length < 2) {
      return h("p", { class: "steps" }, `Measured once, at ${name()}.`);
    }
    const output = h("output", { for: "step" }, name());
    const slider = h("input", {
      id: "step",
      type: "range",
      min: 0,
      max: this.steps.length - 1,
      value: this.place,
      "aria-valuetext": name(),
    });
    const choose = (place: number) => {
      this.place = Math.min(Math.max(place, 0), this.steps.length - 1);
      slider.value = String(this.place);
      output.textContent = name();
      slider.setAttribute("aria-valuetext", name());
      this.listeners.forEach((listener) => listener());
    };
    slider.addEventListener("input", () => choose(Number(slider.value)));
    const button = (text: string, title: string, place: () => number) =>
      h("button", { type: "button", "aria-label": title, title, onclick: () => choose(place()) }, text);
    return h(
      "div",
      { class: "steps" },
      h("label", { for: "step" }, "Show"),
      output,
      button("|‹", "First measured step", () => 0),
      button("‹", "Previous measured step", () => this.place - 1),
      slider,
      button("›", "Next measured step", () => this.place + 1),
      button("›|", "Last measured step", () => this.steps.length - 1),
    );
  }
}
