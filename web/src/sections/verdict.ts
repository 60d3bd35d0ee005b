// SPDX-License-Identifier: Apache-2.0
import { h } from "../dom";
import { magnitude, percent, plain, prose } from "../format";
import { layerName } from "../ledger";
import type { Evidence, Finding, Measured, Run, TimeRecord } from "../store";

const kHeadings = { healthy: "Healthy", note: "Note", warning: "Warning", critical: "Critical" } as const;
export const kLog10Of2 = Math.log10(2);
/** What a verdict calls the loss at the end (plumb/diagnose/learning.h). */
const kEndLoss = "at the end (median of the last tenth of the steps)";

export function heading({ verdict, info }: Run): string {
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
  underflow: "Gradients are too small for float16, which rounds them to zero.",
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

/** The finding of numbers that are none, whatever led to it. */
function brokenNumbers(run: Run): Finding | undefined {
  return run.findings.find((finding) => finding.rule === "non_finite");
}

/** Headline and text of the card. The remedy at the end of the verdict has a place of its own there. */
export function story(run: Run): [string, string] {
  const text = run.verdict.text.replace(/\s*First thing to try:.*$/s, "");
  const worst = run.findings[0];
  const broken = brokenNumbers(run);
  switch (run.verdict.outcome) {
    case "healthy":
      return ["The gradient arrives, and the network learns.", text];
    case "converged":
      return ["The network has converged.", text];
    case "too_early":
      return ["Nothing wrong so far.", text];
  }
  const headline = worst && worst.severity !== "note" ? kHeadlines[worst.rule] : undefined;
  // Where it ends in NaN nothing is worth saying without that.
  if (broken && worst && broken !== worst) {
    const before = headline ?? firstSentence(text)[0];
    return [`${before.replace(/\.$/, "")}, until the numbers break: NaN or infinity from step ${broken.first_step} on.`, text];
  }
  if (broken) return [`The numbers broke: NaN or infinity from step ${broken.first_step} on.`, text];
  return headline ? [headline, text] : firstSentence(text);
}

/** The first sentence apart from the rest. A full stop inside a number or before a small letter ends none. */
export function firstSentence(text: string): [string, string] {
  const end = /[.!?](?=\s+[A-Z"'“])/.exec(text);
  return end ? [text.slice(0, end.index + 1), text.slice(end.index + 1).trim()] : [text, ""];
}

export function verdictCard(run: Run, among: number): HTMLElement {
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
      among > 1 || run.file ? h("strong", { class: "file" }, among > 1 ? `${run.letter} ${run.name}` : run.name) : null,
      h("code", { class: "network" }, run.label),
    ),
    h("h2", {}, prose(head)),
    rest ? h("p", {}, prose(rest)) : null,
    keyFigures(run),
    remedy && worst
      ? h(
          "p",
          { class: "remedy" },
          h("strong", {}, "First thing to try: "),
          prose(remedy.text),
          " ",
          h("a", { href: "#finding-0" }, "Why"),
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

export interface Figure {
  value: string;
  meaning: string;
}

/** The numbers of the card are those that the findings rest on, so that text and figure are one. */
export function figuresOf(run: Run): Figure[] {
  const worst = run.findings[0];
  const figures: Figure[] = [];
  const broken = brokenNumbers(run);
  if (broken) figures.push({ value: "NaN", meaning: `or infinity, from step ${broken.first_step} on, first at ${broken.where}` });
  if (worst && worst.severity !== "note" && worst !== broken) {
    const when = worst.first_step === worst.last_step ? `step ${worst.first_step}` : `steps ${worst.first_step} to ${worst.last_step}`;
    worst.evidence.slice(0, 2).forEach((one, i) => {
      figures.push({ value: evidenceValue(one, one.value), meaning: `${evidenceName(one)}${i === 0 ? ` (${when})` : ""}` });
    });
    const flow = worst.evidence.some((one) => one.quantity === "flow_log2");
    const share = worst.cause_share;
    if (flow && share !== null && share > 0) {
      figures.push({ value: share > 1 ? "more than all" : percent(share), meaning: `of that by: ${worst.cause_kind.replaceAll("_", " ")}, beyond what is usual for such layers` });
    }
  }
  if (figures.length === 0) figures.push(...healthy(run));
  return figures.slice(0, 3);
}

function healthy(run: Run): Figure[] {
  const figures: Figure[] = [];
  const last = run.measured[run.measured.length - 1];
  // The text speaks of the first measured step that tells; the figure has it and the last one.
  const first = run.measured.find((m) => m.reach && m.reach.total !== null);
  if (last) {
    const time = leastThroughTime(last);
    if (run.profile.length < 3 && time) {
      figures.push({
        value: time.summary.kept === null ? "0" : `×\u00a0${magnitude(time.summary.kept)}`,
        meaning: `of the gradient is kept back through ${time.summary.steps} time steps (step ${last.step})`,
      });
    } else if (last.reach && last.reach.bottom !== null && last.reach.top !== null && run.profile.length > 1) {
      const size = (m: Measured) => (m.reach?.total === null ? "0" : magnitude(m.reach?.total));
      const both = first && first !== last ? first : undefined;
      figures.push({
        value: both ? `×\u00a0${size(both)} → ×\u00a0${size(last)}` : `×\u00a0${size(last)}`,
        meaning:
          `gradient at ${layerName(run, last.reach.bottom)} against that at ${layerName(run, last.reach.top)}, norm ` +
          (both ? `(step ${both.step} → step ${last.step})` : `(step ${last.step})`),
      });
    }
  }
  const { step, accuracy, validation } = run.series;
  const end = step.length - 1;
  const { learning } = run;
  if (end > 0 && learning) {
    figures.push({ value: `${plain(learning.loss_at_first)} → ${plain(learning.loss_at_last)}`, meaning: `loss of step ${step[0]} → ${kEndLoss}` });
  }
  const judged = [...validation].reverse().find((one) => one.accuracy !== null);
  if (judged) figures.push({ value: percent(judged.accuracy), meaning: `of the validation samples right, after step ${judged.step}` });
  else if (end >= 0 && accuracy[end] !== null && accuracy[end] !== undefined) figures.push({ value: percent(accuracy[end]), meaning: `of the batch of step ${step[end]} right` });
  return figures;
}

/** The recurrent layer that keeps least of its gradient. */
function leastThroughTime(measured: Measured): TimeRecord | undefined {
  const known = measured.times.filter((time) => time.summary.steps > 0);
  const kept = (time: TimeRecord) => time.summary.kept ?? -Infinity;
  return known.reduce<TimeRecord | undefined>((least, time) => (!least || kept(time) < kept(least) ? time : least), undefined);
}

/** Charts speak of powers of ten, and so does what is judged: a log2 becomes the factor that it is of. */
export function evidenceValue({ quantity }: Evidence, value: number | null): string {
  if (value === null) return "–";
  if (/log2/.test(quantity)) return `×\u00a0${magnitude(value * kLog10Of2)}`;
  if (/accuracy|fraction/.test(quantity) && value >= 0 && value <= 1) return percent(value);
  return plain(value);
}

export function evidenceName({ quantity, name }: Evidence): string {
  return prose(/log2/.test(quantity) ? name.replace(/, log2 of (the )?/, ", ").replace(/,? log2$/, "") : name);
}

function keyFigures(run: Run): HTMLElement | null {
  const figures = figuresOf(run);
  if (figures.length === 0) return null;
  return h("dl", { class: "figures" }, ...figures.map(({ value, meaning }) => h("div", {}, h("dt", {}, meaning), h("dd", {}, value))));
}
