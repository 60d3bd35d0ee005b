// SPDX-License-Identifier: Apache-2.0
// One run as it grows: how it stands, and its report; beside it a run that was pinned.
import { h } from "../dom";
import { LiveReport } from "./live_report";
import { standingWords, tone } from "./runs_table";
import type { Row } from "./types";

export class RunView {
  readonly element = h("section", { class: "view", "aria-label": "Run" });
  private readonly head = h("div", { class: "card head" });
  private readonly report: LiveReport;
  private row: Row | null = null;
  private pinned: Row | null = null;
  private shown = "";

  constructor(private readonly address: { report: (id: number) => string; data: (id: number, after: number) => string }) {
    const place = h("div", { class: "live" });
    this.report = new LiveReport(place, address.data);
    this.element.append(this.head, place);
    this.element.hidden = true;
  }

  /** The run of that row, which changed. */
  show(row: Row): void {
    this.element.hidden = false;
    this.row = row;
    this.fill();
    const ids = this.pinned && this.pinned.id !== row.id ? [this.pinned.id, row.id] : [row.id];
    if (this.shown === ids.join()) {
      void this.report.refresh();
      return;
    }
    this.shown = ids.join();
    this.report.show(ids);
  }

  /** A row that changed: of the run that is pinned, if it is that. */
  changed(row: Row): void {
    if (this.row?.id === row.id) this.show(row);
    else if (this.row && this.pinned?.id === row.id) void this.report.refresh();
  }

  hide(): void {
    this.element.hidden = true;
    this.row = null;
    this.shown = "";
    this.report.close();
  }

  private fill(): void {
    const row = this.row!;
    const isPinned = this.pinned?.id === row.id;
    const other = this.pinned && !isPinned ? h("span", { class: "small" }, `beside ${this.pinned.name}, which is pinned`) : null;
    this.head.className = `card head ${tone(row)}`;
    this.head.replaceChildren(
      h("h2", {}, row.name),
      h("p", { class: "row" }, h("span", { class: `standing ${row.standing.replace(" ", "-")}` }, standingWords(row)), h("span", {}, row.verdict), other),
      h(
        "div",
        { class: "row" },
        h("a", { href: this.address.report(row.id), target: "_blank", rel: "noopener" }, "The report as a page of its own"),
        h("button", { type: "button", onclick: () => this.pin() }, isPinned ? "Unpin" : "Pin as baseline"),
      ),
    );
  }

  private pin(): void {
    const row = this.row!;
    this.pinned = this.pinned?.id === row.id ? null : row;
    this.show(row);
  }
}
