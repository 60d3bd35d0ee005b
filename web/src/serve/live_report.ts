// SPDX-License-Identifier: Apache-2.0
// The report of one run, or of two, while they grow: the page of `plumb report`, fed with what came since.
import { ReportPage } from "../page";
import { kSchema, readReport } from "../store";
import type { Report as JsonReport, Run as JsonRun } from "../types";

const kLeastRest_ms = 1000;
const kRest = 4; // times as long as the server took for the answer before

interface Followed {
  id: number;
  after: number; // the last measured step that is here
  layers: string; // of which its columns are
}

export class LiveReport {
  readonly place: HTMLElement;
  private runs: Followed[] = [];
  private page: ReportPage | null = null;
  private asking = false;
  private wanted = false;

  constructor(
    place: HTMLElement,
    private readonly address: (id: number, after: number) => string,
  ) {
    this.place = place;
  }

  get isShown(): boolean {
    return this.page !== null;
  }

  /** These runs from now on, the one that is pinned first. */
  show(ids: readonly number[]): void {
    this.close();
    this.runs = ids.map((id) => ({ id, after: -1, layers: "" }));
    void this.refresh();
  }
  close(): void {
    this.page?.end();
    this.page = null;
    this.runs = [];
    this.place.replaceChildren();
  }
  /** What came since; what happens meanwhile is asked for once more afterwards. */
  async refresh(): Promise<void> {
    if (this.runs.length === 0) return;
    if (this.asking) {
      this.wanted = true;
      return;
    }
    this.asking = true;
    this.wanted = false;
    const { runs } = this;
    const begin = performance.now();
    try {
      const answers = await Promise.all(runs.map((run) => this.ask(run)));
      // Another run may have been opened meanwhile.
      if (runs === this.runs) this.take(answers);
    } catch {
      // The event stream says that the server is away, and comes again by itself; a run that cannot be read says so in its row.
    }
    const rest = Math.max(kLeastRest_ms, kRest * (performance.now() - begin));
    setTimeout(() => {
      this.asking = false;
      if (this.wanted) void this.refresh();
    }, runs === this.runs ? rest : 0);
  }

  private async ask({ id, after }: Followed): Promise<JsonRun> {
    const response = await fetch(this.address(id, after));
    if (!response.ok) throw new Error(`run ${id}: ${response.status}`);
    const report = (await response.json()) as JsonReport;
    if (report.schema !== kSchema) throw new Error(`schema ${report.schema}, expected ${kSchema}`);
    return report.runs[0]!;
  }

  private take(runs: JsonRun[]): void {
    // A graph that is found out while it runs: columns of before are those of other layers.
    if (this.page && runs.some((run, place) => layersOf(run) !== this.runs[place]!.layers)) {
      this.show(this.runs.map(({ id }) => id));
      this.wanted = true;
      return;
    }
    if (this.page) {
      runs.forEach((run, place) => this.page!.append(place, run));
    } else {
      this.page = new ReportPage(readReport(JSON.stringify({ schema: kSchema, runs })));
      this.place.replaceChildren(this.page.element);
      // The one that was opened, where it stands now: from there the cursor follows it.
      this.page.cursor.toRun(runs.length - 1);
      this.page.cursor.toPlace(Infinity);
    }
    runs.forEach((run, place) => {
      this.runs[place]!.after = run.measured.at(-1)?.step ?? this.runs[place]!.after;
      this.runs[place]!.layers = layersOf(run);
    });
  }
}

function layersOf({ profile, beside, measured }: JsonRun): string {
  return measured.length === 0 && profile.length === 0 ? "" : JSON.stringify([profile, beside]);
}
