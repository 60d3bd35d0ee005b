// SPDX-License-Identifier: Apache-2.0
import { h, table } from "../dom";
import { plain, prose } from "../format";
import { layerText, pathText } from "../ledger";
import type { Finding, Run } from "../types";

export function findingsOf(run: Run, index: number): HTMLElement {
  if (run.findings.length === 0) {
    const judged = run.verdict.outcome !== "not_measured" && run.verdict.outcome !== "not_recorded";
    const text = judged ? `No rule found anything. ${prose(run.verdict.text)}` : "No rule could judge this run.";
    return h("p", { class: "none" }, text);
  }
  const link = (i: number) => `finding-${index}-${i}`;
  return h("div", {}, ...run.findings.map((finding, i) => card(run, finding, link, i)));
}

function card(run: Run, finding: Finding, link: (i: number) => string, place: number): HTMLElement {
  const reason = run.findings.findIndex((one) => one.id === finding.explained_by);
  return h(
    "article",
    { class: `finding ${finding.severity}`, id: link(place) },
    h(
      "header",
      {},
      h("span", { class: "chip" }, finding.severity),
      h("h4", {}, ruleName(finding)),
      h("span", { class: "where" }, `${where(run, finding)}, ${steps(finding)}`),
    ),
    h("p", {}, prose(finding.symptom)),
    finding.evidence.length > 0
      ? table(
          {
            head: ["Measured", "Value", "Threshold", "Where that comes from"],
            rows: finding.evidence.map((e) => [prose(e.name), plain(e.value), plain(e.threshold), prose(e.threshold_source)]),
          },
          `Evidence for ${ruleName(finding)}`,
        )
      : null,
    h(
      "dl",
      {},
      ...pair("Cause", finding.cause),
      ...(reason >= 0 ? [h("dt", {}, "Follows from"), h("dd", {}, follows(run, reason, link(reason)))] : []),
      ...pair("What follows", finding.consequence),
      ...(finding.remedies.length > 0
        ? [h("dt", {}, "Remedies"), h("dd", {}, h("ol", {}, ...finding.remedies.map((r) => h("li", {}, prose(r.text)))))]
        : []),
    ),
  );
}

function ruleName(finding: Finding): string {
  return finding.rule.replaceAll("_", " ");
}

function where(run: Run, { layer, where: place }: Finding): string {
  return layer === null ? place : `${place} (${layerText(run, layer)}, ${pathText(run, layer)})`;
}

function steps({ first_step: first, last_step: last, over }: Finding): string {
  return `${first === last ? `step ${first}` : `steps ${first} to ${last}`}${over ? ", over since" : ""}`;
}

function follows(run: Run, place: number, id: string): HTMLElement {
  const reason = run.findings[place]!;
  return h("a", { href: `#${id}` }, `${ruleName(reason)}, ${reason.where}`);
}

function pair(name: string, text: string): HTMLElement[] {
  return text ? [h("dt", {}, name), h("dd", {}, prose(text))] : [];
}
