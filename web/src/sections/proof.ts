// SPDX-License-Identifier: Apache-2.0
// The proof of a cure: what came of it with fresh seeds, what was changed, and the cured training as a command.
import { figure } from "../charts/chart";
import { proofHeight, proofPanel, scoreText } from "../charts/proof";
import { h } from "../dom";
import { plain, signed } from "../format";
import { frame } from "../frame";
import type { Proof, ProofArm, ProofDifference } from "../types";
import { copyable } from "./commands";

export function proofOf(proof: Proof): HTMLElement {
  const cured = proof.arms.at(-1)!;
  return h(
    "section",
    { id: "proof", "aria-labelledby": "proof-title" },
    h("h2", { id: "proof-title" }, "The proof"),
    h("p", { class: `lead ${proof.ending}` }, h("strong", {}, proof.text), " ", summary(proof)),
    figure(
      "proof-picture",
      [proofPanel(proof)],
      `A row for each way to train, a dot for each of ${proof.seeds.length} seeds that nothing was chosen by, a bar at their mean. Data, order of the batches and number of steps ` +
        "are the same in all rows. A random change and the best rate alone show what any change would have done.",
      { height: proofHeight(proof) },
    ),
    h(
      "div",
      { class: "sheet" },
      frame("What the cure has over the others", h(
        "table",
        {},
        h("thead", {}, h("tr", {}, ...["trained", "mean", `${cured.name} less this`, "95 % interval", "p"].map((name) => h("th", { scope: "col" }, name)))),
        h("tbody", {}, ...proof.arms.map((arm) => h("tr", {}, h("th", { scope: "row" }, arm.name), h("td", {}, scoreText(proof, arm.mean)), ...difference(proof, arm)))),
      )).element,
      h("p", { class: "how" }, "Mean paired difference with the interval of Student's t; p of the exact sign-flip test."),
    ),
    proof.changes.length > 0
      ? h("div", { class: "sheet changes" }, h("h3", {}, "What changes"), h("dl", {}, ...proof.changes.flatMap((one) => [
          h("dt", {}, one.key), h("dd", {}, h("code", { class: "before" }, one.before || "(empty)"), " → ", h("code", { class: "after" }, one.after || "(empty)")),
        ])), copyable(proof.command))
      : null,
  );
}

function points(proof: Proof, value: number | null): string {
  if (value === null) return "–";
  return proof.is_accuracy ? signed(100 * value, (x) => x.toFixed(1)) : signed(value, (x) => plain(Number(x.toPrecision(2))));
}

function difference(proof: Proof, { below_cured: d }: ProofArm): HTMLElement[] {
  const unit = proof.is_accuracy ? " points" : "";
  return [d ? `${points(proof, d.mean)}${unit}` : "–", d ? `${points(proof, d.low)} to ${points(proof, d.high)}` : "–", d ? plain(Number((d.p ?? 1).toPrecision(2))) : "–"].map((text) => h("td", {}, text));
}

function summary(proof: Proof): string {
  const [first, last] = [proof.arms[0]!, proof.arms.at(-1)!];
  const over: ProofDifference | null = first.below_cured;
  if (first === last || !over) return "";
  const unit = proof.is_accuracy ? " points" : "";
  return `With ${proof.seeds.length} fresh seeds the mean goes from ${scoreText(proof, first.mean)} to ${scoreText(proof, last.mean)}: ` +
    `${points(proof, over.mean)}${unit}, and between ${points(proof, over.low)} and ${points(proof, over.high)}${unit} with 95\u00a0% confidence.`;
}
