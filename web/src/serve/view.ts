// SPDX-License-Identifier: Apache-2.0
// One run as it grows: verdict, curves, the gradient at each layer, findings; beside it a run that was pinned.
import { h } from "../dom";
import { magnitude, prose } from "../format";
import { s } from "../svg";
import type { Look } from "../theme";
import { type Axes, drawLines, type Line } from "./curve";
import { standingWords, tone } from "./runs_table";
import type { Number as Value, ProfileLayer, View } from "./types";

const flow = (profile: ProfileLayer[]): [number, Value][] => profile.map((layer, i) => [i + 1, layer.flow]);

export class RunView {
  readonly element = h("section", { class: "view", "aria-label": "Run" });
  private readonly head = h("div", { class: "verdict" });
  private readonly loss = s("svg");
  private readonly reach = s("svg");
  private readonly profile = s("svg");
  private readonly key = h("p", { class: "small" });
  private readonly findings = h("div", {});
  private shown: View | null = null;
  private pinned: View | null = null;

  constructor(
    private readonly look: () => Look,
    private readonly report: (id: number) => string,
  ) {
    const figure = (title: string, svg: SVGElement, ...more: HTMLElement[]) => {
      const card = h("div", { class: "card" }, h("h3", {}, title));
      card.append(svg, ...more);
      return card;
    };
    this.element.append(
      this.head,
      h(
        "div",
        { class: "graphs" },
        figure("Gradient at each layer, input first", this.profile, this.key),
        figure("Loss", this.loss),
        figure("Reach: the first layer's gradient against the last one's", this.reach),
      ),
      this.findings,
    );
    this.element.hidden = true;
  }

  get id(): number | null {
    return this.element.hidden ? null : (this.shown?.row.id ?? null);
  }

  show(view: View): void {
    this.element.hidden = false;
    const first = this.shown?.row.id !== view.row.id;
    this.shown = view;
    const { row } = view;
    const pin = h("button", { type: "button", onclick: () => this.pin() }, this.pinned?.row.id === row.id ? "Unpin" : "Pin as baseline");
    this.head.className = `verdict ${tone(row)}`;
    this.head.replaceChildren(
      h("header", {}, h("span", { class: "chip" }, standingWords(row)), h("code", { class: "network" }, row.network)),
      h("h2", {}, row.name),
      h("p", {}, prose(view.verdict)),
      h("div", { class: "row" }, h("a", { href: this.report(row.id), target: "_blank", rel: "noopener" }, "Full report"), pin),
    );
    this.redraw();
    this.findings.replaceChildren(
      ...view.findings.map((finding) =>
        h(
          "article",
          { class: `finding ${finding.severity}` },
          h("header", {}, h("span", { class: "chip" }, finding.severity), h("h4", {}, finding.headline), h("span", { class: "where" }, `from step ${finding.first_step}`)),
          h("p", {}, prose(finding.symptom)),
          h("p", {}, prose(finding.cause)),
          finding.remedies[0] ? h("p", {}, h("strong", {}, "First thing to try: "), prose(finding.remedies[0].text)) : null,
        ),
      ),
    );
    if (first) this.element.scrollIntoView({ block: "nearest" });
  }

  /** The run that is pinned, where it is another one than that shown. */
  get pinnedId(): number | null {
    return this.pinned && this.pinned.row.id !== this.shown?.row.id ? this.pinned.row.id : null;
  }

  /** The pinned run, as it is now. */
  repin(view: View): void {
    if (this.pinned?.row.id !== view.row.id) return;
    this.pinned = view;
    this.redraw();
  }

  hide(): void {
    this.element.hidden = true;
    this.shown = null;
  }

  private pin(): void {
    const view = this.shown!;
    this.pinned = this.pinned?.row.id === view.row.id ? null : view;
    this.show(view);
  }

  redraw(): void {
    const view = this.shown;
    if (!view) return;
    const look = this.look();
    const other = this.pinned && this.pinned.row.id !== view.row.id ? this.pinned : null;
    const lines = (now: [number, Value][], pinned: [number, Value][] | undefined, colour: string): Line[] => [
      ...(pinned ? [{ points: pinned, colour: look.faint, width: 1.5, dash: "5 4" }] : []),
      { points: now, colour, width: 2.6 },
    ];
    const last = (curve: [number, Value][]) => curve.at(-1)?.[1] ?? null;
    const steps: Pick<Axes, "from" | "to"> = { from: "step 0", to: `step ${view.row.step}` };
    const guess = view.row.baseline_loss;
    drawLines(this.loss, lines(view.loss, other?.loss, look.flow), { kind: "plain", ...steps, ...(guess === null ? {} : { mark: { value: guess, words: "the best constant answer" } }) }, look,
      `Loss, now ${view.row.loss ?? "no number"}`);
    drawLines(this.reach, lines(view.reach, other?.reach, look.act), { kind: "log10", ...steps }, look, `Reach of the gradient, now ${magnitude(last(view.reach))}`);
    const start: Line[] = view.first_profile.length > 0 ? [{ points: flow(view.first_profile), colour: look.param, width: 1.5, dash: "2 3" }] : [];
    drawLines(this.profile, [...start, ...lines(flow(view.profile), other ? flow(other.profile) : undefined, look.flow)],
      { kind: "log10", from: "layer 1", to: `layer ${view.profile.length}` }, look,
      `Gradient at ${view.profile.length} layers: ${magnitude(view.profile[0]?.flow)} at the first, ${magnitude(view.profile.at(-1)?.flow)} at the last`);
    this.key.textContent = `Blue: step ${view.measured_step}. Orange dots: the start.${other ? ` Grey: ${other.row.name}, pinned.` : ""}`;
  }
}
