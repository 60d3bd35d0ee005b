// SPDX-License-Identifier: Apache-2.0
// All runs, one line each; lines are changed in place as rows come.
import { h } from "../dom";
import { frame } from "../frame";
import { magnitude, plain } from "../format";
import type { Look } from "../theme";
import { sparkline } from "./curve";
import type { Row } from "./types";

export function duration(seconds: number | null): string {
  if (seconds === null) return "";
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

/** How a run stands: of its own the running ones first, then the newest. */
export function standingWords(row: Row): string {
  if (row.standing !== "ended") return row.standing;
  return row.end || "ended";
}

export function tone(row: Row): string {
  if (row.severity === "critical" || row.nonfinite) return "critical";
  if (row.severity === "warning" || row.standing === "stalled" || row.outcome === "not_learning") return "warning";
  return row.outcome === "healthy" || row.outcome === "converged" ? "healthy" : "note";
}

const kOrder = { running: 0, stalled: 1, "cut off": 2, ended: 2 };
const kHead = ["run", "stands", "step", "loss", "reach of the gradient", "verdict", "steps/s", "left"];

export class RunsTable {
  readonly element: HTMLElement;
  private readonly body = h("tbody", {});
  private readonly rows = new Map<number, Row>();
  private readonly lines = new Map<number, HTMLTableRowElement>();
  private readonly none = h("p", { class: "none" }, "No run yet: what is trained into this folder appears here by itself.");
  private sorting = false;

  constructor(
    private readonly open: (id: number) => void,
    private readonly look: () => Look,
  ) {
    this.element = h(
      "section",
      { class: "card runs", "aria-label": "Runs" },
      h("h2", {}, "Runs"),
      this.none,
      frame("Table of runs", h("table", {}, h("thead", {}, h("tr", {}, ...kHead.map((words) => h("th", { scope: "col" }, words)))), this.body)).element,
    );
  }

  row(id: number): Row | undefined {
    return this.rows.get(id);
  }

  set(row: Row): void {
    this.rows.set(row.id, row);
    let line = this.lines.get(row.id);
    if (!line) {
      line = h("tr", {});
      this.lines.set(row.id, line);
    }
    const of = row.planned_steps > 0 && row.kind === "train" ? ` of ${row.planned_steps}` : "";
    const reach = row.log10_reach === null ? "not known" : `the first layer gets ${magnitude(row.log10_reach)} of the gradient of the last`;
    line.className = tone(row);
    const graph = h("td", { title: reach });
    graph.append(sparkline(row.reach_history, this.look().flow, reach), h("span", { class: "number" }, row.log10_reach === null ? "" : magnitude(row.log10_reach)));
    line.replaceChildren(
      h("th", { scope: "row" }, h("button", { type: "button", class: "link", onclick: () => this.open(row.id) }, row.name), h("span", { class: "network" }, row.network)),
      h("td", {}, h("span", { class: `standing ${row.standing.replace(" ", "-")}` }, standingWords(row))),
      h("td", { class: "number" }, `${row.step}${of}`),
      h("td", { class: "number" }, row.nonfinite ? "NaN" : plain(row.loss)),
      graph,
      h("td", { class: "verdict-cell" }, row.verdict),
      h("td", { class: "number" }, row.standing === "running" ? plain(row.steps_per_s) : ""),
      h("td", { class: "number" }, duration(row.seconds_left)),
    );
    this.sort();
  }

  remove(id: number): void {
    this.rows.delete(id);
    this.lines.get(id)?.remove();
    this.lines.delete(id);
    this.sort();
  }

  clear(): void {
    for (const id of [...this.rows.keys()]) this.remove(id);
  }

  redraw(): void {
    for (const row of [...this.rows.values()]) this.set(row);
  }

  /** Once for all rows that come together. */
  private sort(): void {
    if (this.sorting) return;
    this.sorting = true;
    requestAnimationFrame(() => {
      this.sorting = false;
      const age = (row: Row) => row.age_s ?? 0;
      const sorted = [...this.rows.values()].sort((a, b) => kOrder[a.standing] - kOrder[b.standing] || (kOrder[a.standing] === 2 ? age(a) - age(b) : 0) || a.name.localeCompare(b.name));
      const lines = sorted.map((row) => this.lines.get(row.id)!);
      // Only what moved is moved: a button keeps the keyboard's focus.
      lines.forEach((line, i) => {
        if (this.body.children[i] !== line) this.body.insertBefore(line, this.body.children[i] ?? null);
      });
      this.none.hidden = sorted.length > 0;
    });
  }
}
