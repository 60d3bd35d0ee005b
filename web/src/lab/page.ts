// SPDX-License-Identifier: Apache-2.0
import { figure } from "../charts/chart";
import { h } from "../dom";
import { table } from "../frame";
import { themeSwitch } from "../theme_switch";
import { maths } from "./maths";
import { plotPanel } from "./plots";
import type { Check, Claim, Experiment, Judgement, Lab, Part } from "./types";

const kJudged: Record<Judgement, string> = {
  right: "Right",
  inexact: "Inexact",
  conditional: "Sometimes",
  wrong: "Wrong",
};

/** The playground, and behind it all experiments from top to bottom; `recolour` draws all anew. */
export function page(lab: Lab, playground: HTMLElement, recolour: () => void): HTMLElement[] {
  return [
    h(
      "header",
      { class: "masthead" },
      h("h1", {}, h("span", { class: "mark", "aria-hidden": "true" }), "plumb lab"),
      h("p", {}, "vanishing gradients, claim by claim"),
      themeSwitch(recolour),
    ),
    h("main", {}, playground, h("div", { class: "appendix" }, introduction(lab), contents(lab), ...lab.experiments.map(experiment))),
    h("footer", {}, `Made by plumb ${lab.plumb}. Every number of the experiments was measured when the page was made, those of the playground are computed in it; nothing is loaded from anywhere.`),
  ];
}

function introduction(lab: Lab): HTMLElement {
  const checks = lab.experiments.flatMap((one) => one.checks);
  const held = checks.filter((check) => check.ok).length;
  return h(
    "section",
    { id: "introduction", class: "lead", "aria-labelledby": "introduction-title" },
    h("h2", { id: "introduction-title" }, "Put to the test: why do deep networks stop learning at the bottom?"),
    h(
      "p",
      {},
      "A network learns by asking, for every weight, how the error would change if that weight changed a little: its " +
        "gradient. The answer reaches a weight through all the layers above it, and each layer multiplies it by a " +
        "factor. If the factors are small, what arrives at the first layers is next to nothing: the gradient vanishes, " +
        "and those layers stand still. If they are large, it explodes.",
    ),
    h(
      "p",
      {},
      "So far the classic explanation, as a well-known tutorial tells it (Sleeba Paul, “Vanishing Gradients”, with a " +
        "figure from Michael Nielsen’s book “Neural Networks and Deep Learning”). What follows takes it claim by claim and " +
        "puts each to an experiment with a real engine. Much of it is right; some of it is not, and the differences are where " +
        "the understanding is.",
    ),
    h("p", { class: "tally" }, h("strong", {}, `${held} of ${checks.length}`), " measured numbers agree with what was expected of them."),
  );
}

function contents(lab: Lab): HTMLElement {
  return h(
    "nav",
    { class: "contents", "aria-label": "Experiments" },
    h(
      "ol",
      {},
      ...lab.experiments.map((one) =>
        h(
          "li",
          {},
          h("a", { href: `#${one.name}` }, one.title),
          h("span", { class: "badges" }, ...one.claims.map((claim) => badge(claim, true))),
          one.agrees ? null : h("strong", { class: "failed" }, "a check fails"),
        ),
      ),
    ),
    h(
      "p",
      { class: "key-line" },
      ...(Object.keys(kJudged) as Judgement[]).map((j) => h("span", { class: `chip ${j}` }, kJudged[j])),
      h("span", {}, "numbers are those of the claims"),
    ),
  );
}

function badge(claim: Claim, small = false): HTMLElement {
  const label = `claim ${claim.number}: ${kJudged[claim.judgement].toLowerCase()}`;
  const text = small ? String(claim.number) : kJudged[claim.judgement];
  return h("span", { class: `chip ${claim.judgement}`, title: label, ...(small ? { "aria-label": label, role: "img" } : {}) }, text);
}

function experiment(one: Experiment, at: number): HTMLElement {
  return h(
    "section",
    { id: one.name, class: "experiment" },
    h("h2", {}, h("span", { class: "at" }, String(at + 1)), one.title),
    h("p", { class: "question" }, maths(one.question)),
    h("div", { class: "claims" }, ...one.claims.map(claimCard)),
    ...one.parts.map((part, i) => partElement(part, `${one.name}-${i}`)),
    verdict(one),
  );
}

function claimCard(claim: Claim): HTMLElement {
  return h(
    "article",
    { class: `claim ${claim.judgement}`, id: `claim-${claim.number}` },
    h("header", {}, h("span", { class: "where" }, `Claim ${claim.number}`), badge(claim)),
    h("blockquote", {}, maths(claim.said)),
    claim.truth ? h("p", {}, maths(claim.truth)) : null,
  );
}

function partElement(part: Part, id: string): HTMLElement {
  if (part.kind === "text") return h("p", { class: "story" }, maths(part.text));
  if (part.kind === "table") {
    const rows = part.rows.map((row) => row.map(maths));
    return h("div", { class: "sheet" }, h("h3", {}, maths(part.title)), table({ head: part.head.map(maths), rows }, part.title));
  }
  const figureElement = figure(id, [plotPanel(part)], maths(part.how), { height: part.kind === "line" ? 340 : barHeight(part) });
  figureElement.prepend(h("h3", {}, maths(part.title)));
  return figureElement;
}

function barHeight(part: { categories: string[]; series: unknown[] }): number {
  return 70 + Math.max(3, part.categories.length * (part.series.length + 0.6)) * 22;
}

function verdict(one: Experiment): HTMLElement {
  const failed = one.checks.filter((check) => !check.ok).length;
  const summary = one.agrees ? `All ${one.checks.length} checks hold` : `${failed} of ${one.checks.length} checks fail`;
  return h(
    "div",
    { class: `outcome ${one.agrees ? "healthy" : "critical"}` },
    h("p", {}, h("span", { class: "chip" }, one.agrees ? "Agrees" : "Disagrees"), ` ${summary}, in ${one.seconds.toFixed(1)} s. Again, or with other numbers: `, h("code", {}, one.command)),
    one.parameters.length > 0
      ? h("p", { class: "parameters" }, "You can change ", ...one.parameters.flatMap((p, i) => [i > 0 ? ", " : "", h("code", { title: p.help }, `--${p.name} ${p.value}`)]), ".")
      : null,
    h("details", { open: !one.agrees }, h("summary", {}, "What was measured, and what it was held against"), checks(one.checks)),
  );
}

function checks(all: Check[]): HTMLElement {
  const rows = all.map((check) => [
    check.ok ? "✓" : "✗ fails",
    check.claim > 0 ? String(check.claim) : "–",
    maths(check.what),
    maths(check.measured_text),
    maths(check.expected_text),
    maths(check.source),
  ]);
  return table({ head: ["holds", "claim", "quantity", "measured", "expected", "where that comes from"], rows }, "Checks");
}
