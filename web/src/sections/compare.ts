// SPDX-License-Identifier: Apache-2.0
import { figure, redraw } from "../charts/chart";
import { has, metricPanel } from "../charts/curves";
import { overlayPanel } from "../charts/overlay";
import { differences, outcomes, type OutcomeRow } from "../compare";
import type { Cursor } from "../cursor";
import { h } from "../dom";
import { frame } from "../frame";
import { magnitude, percent, plain, signed } from "../format";
import type { Run, Value } from "../store";
import { heading } from "./verdict";

const kWorthSmoothing = 60; // steps

/** The line of a run as the charts draw it. */
export function runKey(run: Run): HTMLElement {
  const line = h("span", { class: `run-key dash-${run.place % 8}`, "aria-hidden": "true" });
  line.style.color = `var(--run-${"abcdefgh"[run.place % 8]})`;
  return line;
}

/** All runs beside each other: what they are, in what they differ, and what came of it. */
export function compareRuns(runs: Run[], cursor: Cursor): { element: HTMLElement; refresh: () => void } {
  let baseline = 0;
  const table = frame("The runs, in what they differ, and what came of it");
  const fill = () => table.inside.replaceChildren(comparison(runs, baseline, cursor.run, (place) => cursor.toRun(place)));
  const choice = h("select", { id: "baseline" }, ...runs.map((run) => h("option", { value: run.place }, `${run.letter} ${run.name}`)));
  choice.addEventListener("change", () => {
    baseline = Number(choice.value);
    fill();
  });
  fill();
  cursor.onMove((moved) => {
    if (moved === "run") fill();
  });
  // Curves of single batches, laid over each other, are a thicket.
  const wanted = Math.max(...runs.map((run) => run.series.step.length)) >= kWorthSmoothing ? 3 : 0;
  let memory = 2 ** wanted;
  const smoothing = h("input", { type: "range", id: "smoothing", min: 0, max: 6, value: wanted });
  smoothing.addEventListener("input", () => {
    memory = 2 ** Number(smoothing.value);
    redraw();
  });
  const metrics = (["loss", "accuracy"] as const).filter((metric) => has(runs, metric) && runs.some((run) => run.series.step.length > 1));
  const element = h(
    "section",
    { id: "compare", "aria-labelledby": "compare-title" },
    h("h2", { id: "compare-title" }, `${runs.length} runs`),
    h(
      "div",
      { class: "sheet" },
      h("p", { class: "choice" }, h("label", { for: "baseline" }, "Held against "), choice),
      table.element,
    ),
    figure(
      "overlay",
      [overlayPanel(runs, cursor)],
      "The flow gradient of every run, from the loss on the right to the input on the left, at the chosen step or the last one before it. " +
        "A run has its letter, its colour and its dashes everywhere.",
      { height: 320, cursor, follows: ["step", "layer"] },
    ),
    metrics.length > 0
      ? figure(
          "curves",
          metrics.map((metric) => metricPanel(runs, metric, cursor, () => memory)),
          "A line is the training, circles are the validation. Where smoothing is on, the pale line behind is what was measured.",
          {
            height: 300, cursor, named: true,
            legend: h("p", { class: "choice" }, h("label", { for: "smoothing" }, "Smoothing "), smoothing),
          },
        )
      : null,
  );
  return { element, refresh: fill };
}

function comparison(runs: readonly Run[], baseline: number, shown: Run, choose: (place: number) => void): HTMLElement {
  const different = differences(runs);
  const cells = (values: (string | HTMLElement)[], name: string) =>
    h("tr", {}, h("th", { scope: "row" }, name), ...values.map((value, i) => h("td", { class: i === baseline ? "baseline" : "" }, value)));
  const title = (text: string) => h("tr", { class: "group" }, h("th", { scope: "colgroup", colspan: runs.length + 1 }, text));
  return h(
    "table",
    { class: "comparison" },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", { scope: "col" }, "run"),
        ...runs.map((run) =>
          h(
            "th",
            { scope: "col", class: run.place === baseline ? "baseline" : "" },
            h(
              "button",
              { type: "button", class: "run-button", "aria-pressed": String(run === shown), onclick: () => choose(run.place) },
              runKey(run),
              h("strong", {}, run.letter),
              " ",
              ...breakable(run.name),
            ),
          ),
        ),
      ),
    ),
    h(
      "tbody",
      {},
      cells(runs.map((run) => h("span", { class: `chip ${run.verdict.severity}` }, heading(run))), "verdict"),
      cells(runs.map((run) => (run.findings[0]?.rule ?? "nothing").replaceAll("_", " ")), "worst finding"),
      title(different.length > 0 ? "settings that differ" : "all settings are equal"),
      ...different.map(({ name, values }) => cells(values.map((value) => (value === null ? "–" : value === "" ? "(empty)" : h("code", {}, value))), name)),
      title("what came of it"),
      ...outcomes(runs).map((row) => cells(row.values.map((value, i) => outcomeText(row, i, value, baseline)), row.name)),
    ),
  );
}

/** A name that may be broken where its parts begin, and only there while they fit. */
function breakable(name: string): (HTMLElement | string)[] {
  return name.split(/(?=[._/-])/).flatMap((part, i) => (i > 0 ? [h("wbr"), part] : [part]));
}

function outcomeText({ kind, values, broken }: OutcomeRow, i: number, value: Value, baseline: number): string {
  if (broken[i]) return "NaN or ∞";
  if (value === null) return "–";
  if (kind === "step") return String(value);
  if (kind === "magnitude" && value === -Infinity) return "0";
  const text = kind === "percent" ? percent(value) : kind === "magnitude" ? `× ${magnitude(value)}` : plain(value);
  const base = values[baseline] ?? null;
  if (i === baseline || base === null || !Number.isFinite(base)) return text;
  const change = value - base;
  const [difference, unit] =
    kind === "magnitude" ? [signed(change, (x) => x.toFixed(1)), " powers of ten"] : kind === "percent" ? [signed(100 * change, (x) => String(Math.round(x))), " points"] : [signed(change, short), ""];
  // One that rounds to nothing is left out.
  return difference === "0" ? text : `${text} (${difference}${unit})`;
}

/** Two digits: more than that of a difference is noise. */
function short(x: number): string {
  return plain(Number(x.toPrecision(2)));
}
