// SPDX-License-Identifier: Apache-2.0
import { h } from "../dom";
import { decades, magnitude, percent, plain, prose } from "../format";
import { causeTotals, kCauseNames, layerName } from "../ledger";
import type { Measured, Place, Run, TimeRecord } from "../types";

const kHeadings = { healthy: "Healthy", note: "Note", warning: "Warning", critical: "Critical" } as const;

function heading({ verdict, info }: Run): string {
  switch (verdict.outcome) {
    case "converged":
      return "Converged";
    case "too_early":
      return info.kind === "probe" ? "Start OK" : "Too early";
    case "not_measured":
      return "Not measured";
    case "not_recorded":
      return "Not recorded";
    default:
      return kHeadings[verdict.severity];
  }
}

/** What a reader should take away within seconds; a rule that is not listed leads with its own words. */
const kHeadlines: Record<string, string> = {
  non_finite: "The numbers broke: a NaN or an infinity spreads.",
  zero_gradient: "No weight gets a gradient.",
  running_statistics: "In use the network is another one than in training.",
  diverging: "The loss ends far above what it was.",
  not_learning: "The network does not learn.",
  symmetric_units: "Units repeat each other, so part of the network is wasted.",
  dead_units: "Units are dead: they pass no gradient for any sample.",
  saturated_activation: "Activations are saturated: where they are flat, no gradient passes.",
  update_too_large: "The updates are too large for the weights they change.",
  exploding_gradient: "The gradient explodes on its way to the first layers.",
  vanishing_gradient: "The first layers get almost no gradient.",
  vanishing_through_time: "The gradient does not reach back through time.",
  exploding_through_time: "The gradient explodes on its way back through time.",
  saturated_gate: "Gates are stuck in their flat ends.",
  stalled_layer: "Some layers stand still while others learn.",
};

/** Headline and text of the card. The remedy at the end of the verdict has a place of its own there. */
export function story(run: Run): [string, string] {
  const text = run.verdict.text.replace(/\s*First thing to try:.*$/s, "");
  const worst = run.findings[0];
  const headline = worst && worst.severity !== "note" ? kHeadlines[worst.rule] : undefined;
  switch (run.verdict.outcome) {
    case "healthy":
      return ["The gradient arrives, and the network learns.", text];
    case "converged":
      return ["The network has converged.", text];
    case "too_early":
      return ["Nothing wrong so far.", text];
  }
  return headline ? [headline, text] : firstSentence(text);
}

/** The first sentence apart from the rest. A full stop inside a number or before a small letter ends none. */
export function firstSentence(text: string): [string, string] {
  const end = /[.!?](?=\s+[A-Z"'“])/.exec(text);
  return end ? [text.slice(0, end.index + 1), text.slice(end.index + 1).trim()] : [text, ""];
}

export function verdictCard(run: Run, index: number, shown: Measured | undefined): HTMLElement {
  const [head, rest] = story(run);
  const worst = run.findings[0];
  const remedy = worst && worst.severity !== "note" ? worst.remedies[0] : undefined;
  return h(
    "article",
    { class: `verdict ${run.verdict.severity}` },
    h(
      "header",
      {},
      h("span", { class: "chip" }, heading(run)),
      h("code", { class: "network" }, run.label),
    ),
    h("h2", {}, prose(head)),
    rest ? h("p", {}, prose(rest)) : null,
    shown ? keyFigures(run, shown) : null,
    remedy && worst
      ? h(
          "p",
          { class: "remedy" },
          h("strong", {}, "First thing to try: "),
          prose(remedy.text),
          " ",
          h("a", { href: `#finding-${index}-0` }, "Why"),
        )
      : null,
    ending(run),
  );
}

function ending(run: Run): HTMLElement | null {
  if (run.end?.reason === "finished") return null;
  const text = run.end
    ? `The run ended early (${run.end.reason}) after ${run.end.steps} steps.`
    : `The run was cut off or is still going; this shows its first ${run.recorded.steps} recorded steps.`;
  return h("p", { class: "cut" }, text);
}

function keyFigures(run: Run, measured: Measured): HTMLElement {
  const flow = measured.flow.grad_z;
  const first = flow[0];
  const last = flow[flow.length - 1];
  const relative = typeof first === "number" && typeof last === "number" ? first - last + widthRatio(run) : null;
  const total = measured.ledger.total;
  const totals = causeTotals(measured.ledger);
  // Beyond two powers of ten the cause that did most of it is worth its name; below it none is.
  const main = total === null || Math.abs(total) < 2 ? undefined : total < 0 ? totals[0] : totals[totals.length - 1];
  const scale = measured.depth_scale.log10_per_layer;
  const time = timeFigures(run, measured);
  return h(
    "dl",
    { class: "figures" },
    ...(time ?? [figureOf(
      relative === null ? arrival(measured) : `× ${magnitude(relative)}`,
      `gradient at layer 1, relative to the last layer (step ${measured.step})`,
    ),
    figureOf(scale === null ? "–" : `× ${magnitude(scale)}`, "what one layer passes on, fitted over depth")]),
    measured.ledger.ends_at !== null
      ? figureOf("lost", `below ${layerName(run, measured.ledger.ends_at)} the gradient is zero or not a number`)
      : main
      ? figureOf(
          percent(main.share),
          `of what is ${main.total < 0 ? "lost goes to" : "gained comes from"} the ${kCauseNames[main.cause]} (${decades(main.total)} powers of ten)`,
        )
      : figureOf(`× ${magnitude(total)}`, "from the loss to the input, all causes together"),
  );
}

/** For a recurrent network without depth, or one whose trouble is in time: the layer that keeps least. */
function timeFigures(run: Run, measured: Measured): HTMLElement[] | null {
  const inTime = run.profile.length < 3 || run.findings[0]?.rule.endsWith("_through_time");
  const known = measured.times.filter((time) => time.summary.steps > 0);
  if (!inTime || known.length === 0) return null;
  const kept = (time: TimeRecord) => time.summary.kept ?? -Infinity;
  const { summary } = known.reduce((least, time) => (kept(time) < kept(least) ? time : least));
  const efold = summary.steps_per_efold;
  return [
    figureOf(
      summary.kept === null ? "0" : `× ${magnitude(summary.kept)}`,
      `of the gradient is kept back through ${summary.steps} time steps (step ${measured.step})`,
    ),
    figureOf(
      efold === null || Math.abs(efold) > 1e6 ? "level" : `${plain(Math.abs(efold))} steps`,
      efold !== null && efold < 0 ? "until it has grown by e" : "until it has fallen by e",
    ),
  ];
}

/** Turns the ratio of root mean squares into that of norms, of which the verdict speaks: log10 of the square root of the widths. */
function widthRatio(run: Run): number {
  const units = (place: Place | undefined) => (place && run.layers[place.layer]?.units) || 1;
  return 0.5 * Math.log10(units(run.profile[0]) / units(run.profile[run.profile.length - 1]));
}

function arrival(measured: Measured): string {
  const mark = measured.marks.find((m) => m.layer === 0) ?? measured.marks[0];
  return mark ? (mark.state === "zero" ? "0" : "NaN") : "–";
}

function figureOf(value: string, meaning: string): HTMLElement {
  return h("div", {}, h("dt", {}, meaning), h("dd", {}, value));
}
