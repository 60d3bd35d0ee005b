// SPDX-License-Identifier: Apache-2.0
import { h, table } from "../dom";
import { plain, prose } from "../format";
import type { Finding, Run } from "../types";

export function findingsOf(run: Run, index: number): HTMLElement {
  if (run.findings.length === 0) {
    return h("p", { class: "none" }, "No rule found anything. ", prose(run.verdict.text));
  }
  return h("div", {}, ...run.findings.map((finding, i) => card(finding, `finding-${index}-${i}`)));
}

function card(finding: Finding, id: string): HTMLElement {
  const layer = finding.layer ? `${finding.where} (${finding.layer}, path ${finding.path})` : finding.where;
  const where = finding.path ? layer : "the whole network";
  const steps =
    finding.first_step === finding.last_step
      ? `step ${finding.first_step}`
      : `steps ${finding.first_step} to ${finding.last_step}`;
  return h(
    "article",
    { class: `finding ${finding.severity}`, id },
    h(
      "header",
      {},
      h("span", { class: "chip" }, finding.severity),
      h("h4", {}, finding.rule.replaceAll("_", " ")),
      h("span", { class: "where" }, `${where}, ${steps}`),
    ),
    h("p", {}, prose(finding.symptom)),
    finding.evidence.length > 0
      ? table(
          {
            head: ["Measured", "Value", "Threshold", "Where that comes from"],
            rows: finding.evidence.map((e) => [
              e.quantity,
              plain(e.value),
              plain(e.threshold),
              e.threshold_source,
            ]),
          },
          `Evidence for ${finding.rule}`,
        )
      : null,
    h(
      "dl",
      {},
      ...pair("Cause", finding.cause),
      ...pair("What follows", finding.consequence),
      ...(finding.remedies.length > 0
        ? [h("dt", {}, "Remedies"), h("dd", {}, h("ol", {}, ...finding.remedies.map((r) => h("li", {}, r))))]
        : []),
    ),
  );
}

function pair(name: string, text: string): HTMLElement[] {
  return text ? [h("dt", {}, name), h("dd", {}, prose(text))] : [];
}
