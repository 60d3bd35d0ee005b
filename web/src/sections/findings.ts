// SPDX-License-Identifier: Apache-2.0
import { h } from "../dom";
import { table } from "../frame";
import { prose } from "../format";
import { markdown } from "../markdown";
import { rulePage } from "../rule_pages";
import { layerText, pathText } from "../ledger";
import type { Finding, Run } from "../store";
import { evidenceName, evidenceValue } from "./verdict";

export function findingsOf(run: Run): HTMLElement {
  if (run.findings.length === 0) {
    const judged = run.verdict.outcome !== "not_measured" && run.verdict.outcome !== "not_recorded";
    const text = judged ? `No rule found anything. ${prose(run.verdict.text)}` : "No rule could judge this run.";
    return h("p", { class: "none" }, text);
  }
  return h("div", {}, ...run.findings.map((finding, i) => card(run, finding, i)));
}

function card(run: Run, finding: Finding, place: number): HTMLElement {
  const reason = run.findings.findIndex((one) => one.id === finding.explained_by);
  return h(
    "article",
    { class: `finding ${finding.severity}`, id: `finding-${place}`, tabindex: -1 },
    h(
      "header",
      {},
      h("span", { class: "chip" }, finding.severity),
      h("h3", {}, ruleName(finding)),
      h("span", { class: "where" }, `${where(run, finding)}, ${steps(finding)}`),
    ),
    h("p", {}, prose(finding.symptom)),
    finding.evidence.length > 0
      ? table(
          {
            head: ["Measured", "Value", "Threshold", "Where that comes from"],
            rows: finding.evidence.map((e) => [evidenceName(e), evidenceValue(e, e.value), evidenceValue(e, e.threshold), prose(e.threshold_source)]),
          },
          `Evidence for ${ruleName(finding)}`,
        )
      : null,
    h(
      "dl",
      {},
      ...pair("Cause", finding.cause),
      ...(reason >= 0 ? [h("dt", {}, "Follows from"), h("dd", {}, follows(run, reason))] : []),
      ...pair("What follows", finding.consequence),
      ...(finding.remedies.length > 0
        ? [h("dt", {}, "Remedies"), h("dd", {}, h("ol", {}, ...finding.remedies.map((r) => h("li", {}, prose(r.text)))))]
        : []),
    ),
    about(finding),
  );
}

/** The page of the rule, which thresholds name as their source; made when it is opened. */
function about(finding: Finding): HTMLElement | null {
  const text = rulePage(finding.rule);
  if (text === undefined) return null;
  const body = h("div", { class: "rule-page" });
  const element = h("details", {}, h("summary", {}, `The rule: what it measures, where its thresholds come from (docs/rules/${finding.rule}.md)`), body);
  element.addEventListener("toggle", () => {
    if (element.open && body.childElementCount === 0) body.replaceChildren(...markdown(text));
  });
  return element;
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

function follows(run: Run, place: number): HTMLElement {
  const reason = run.findings[place]!;
  return h("a", { href: `#finding-${place}` }, `${ruleName(reason)}, ${reason.where}`);
}

function pair(name: string, text: string): HTMLElement[] {
  return text ? [h("dt", {}, name), h("dd", {}, prose(text))] : [];
}
