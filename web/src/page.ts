// SPDX-License-Identifier: Apache-2.0
import { followCursor, forgetCharts, redraw } from "./charts/chart";
import { Cursor } from "./cursor";
import { h } from "./dom";
import { runSections, shapeOf, type Words } from "./run_sections";
import { compareRuns } from "./sections/compare";
import { proofOf } from "./sections/proof";
import { append, type Report } from "./store";
import { themeButton } from "./theme_button";
import type { Run as JsonRun } from "./types";

/** The report, top to bottom: all runs beside each other where there are several, then one of them. Runs may grow. */
export class ReportPage {
  readonly element: HTMLElement;
  readonly cursor: Cursor;
  private readonly one = h("div", { id: "run" });
  private readonly beside = h("div", {});
  private words: Words[] = [];
  private refreshComparison: () => void = () => {};
  private shape = "";

  constructor(private readonly report: Report) {
    this.cursor = new Cursor(report);
    followCursor(this.cursor);
    this.cursor.onMove((moved) => {
      if (moved === "run") this.showRun();
    });
    this.element = h("div", {}, report.proof ? proofOf(report.proof) : null, this.beside, this.one);
    this.show();
  }

  /** Steps that a run made since, and what is known of it now. */
  append(place: number, delta: JsonRun): void {
    append(this.report.runs[place]!, delta);
    this.cursor.grow();
    if (this.shapes() !== this.shape) {
      this.show();
      return;
    }
    for (const one of this.words) one.refresh();
    this.refreshComparison();
    redraw();
  }

  /** The charts are forgotten; what is shown then is no report any more. */
  end(): void {
    forgetCharts(this.element);
  }

  private shapes(): string {
    return this.report.runs.map(shapeOf).join();
  }

  private show(): void {
    const { runs } = this.report;
    this.shape = this.shapes();
    forgetCharts(this.beside);
    if (runs.length > 1) {
      const { element, refresh } = compareRuns(runs, this.cursor);
      this.beside.replaceChildren(element);
      this.refreshComparison = refresh;
    }
    this.showRun();
  }

  private showRun(): void {
    forgetCharts(this.one);
    const { elements, words } = runSections(this.cursor.run, this.report.runs, this.cursor);
    this.words = words;
    this.one.replaceChildren(...elements);
  }
}

/** The page of a report that is whole: the same, fed once, and the address says where its reader is. */
export function page(report: Report): HTMLElement[] {
  const shown = new ReportPage(report);
  shown.cursor.goTo(location.hash);
  keepAddress(shown.cursor);
  return [masthead(), h("main", {}, shown.element), h("footer", {}, "Made by plumb. Nothing on this page is loaded from anywhere.")];
}

const kBetweenAddresses = 170; // ms: browsers refuse more than 200 in 30 s

/** The address follows the cursor, a little behind where that moves fast. */
function keepAddress(cursor: Cursor): void {
  let due: ReturnType<typeof setTimeout> | undefined;
  cursor.onMove(() => {
    due ??= setTimeout(() => {
      due = undefined;
      // A page from a file may be refused it; the address then stays as it is.
      try {
        history.replaceState(null, "", `#${cursor.address}`);
      } catch {
        // see above
      }
    }, kBetweenAddresses);
  });
}

function masthead(): HTMLElement {
  return h(
    "header",
    { class: "masthead" },
    h("h1", {}, h("span", { class: "mark", "aria-hidden": "true" }), "plumb"),
    h("p", {}, "how deep the gradient reaches"),
    themeButton(),
  );
}
