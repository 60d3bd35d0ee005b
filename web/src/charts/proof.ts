// SPDX-License-Identifier: Apache-2.0
// The trainings of a proof: a row for each arm, a dot for each seed, a bar at the mean.
import { percent, plain } from "../format";
import type { Proof, ProofArm } from "../types";
import { Svg, ticks } from "../svg";
import type { Look } from "../theme";
import type { Panel } from "./chart";

const kRow = 40;
const kTop = 26;
const kBottom = 46;
const kNarrow = 560; // px: names stand above their rows below that
const kNames = 150;

export function proofHeight(proof: Proof): number {
  return kTop + proof.arms.length * kRow + kBottom;
}

/** A score in words: "81%", or a number where it is no share of right answers. */
export function scoreText(proof: Pick<Proof, "is_accuracy">, score: number | null): string {
  return proof.is_accuracy ? percent(score) : plain(score);
}

/** What the arm came to: "8 of 8 seeds, mean 81%". */
export function armText(proof: Proof, arm: ProofArm): string {
  const ended = arm.scores.filter((score) => score !== null).length;
  return `mean ${scoreText(proof, arm.mean)}${ended < proof.seeds.length ? `, ${proof.seeds.length - ended} of ${proof.seeds.length} diverged or not finished` : ""}`;
}

export function proofPanel(proof: Proof): Panel {
  return {
    label: proof.is_accuracy ? "Held-out samples right" : "1 − loss / loss of the constant answer",
    draw: (place, look, width, height) => {
      place.replaceChildren(picture(proof, look, width, height).element);
      return null;
    },
    describe: () => `${proof.seeds.length} seeds. ${proof.arms.map((arm) => `${arm.name}: ${armText(proof, arm)}`).join("; ")}. The constant answer: ${scoreText(proof, proof.constant_score)}.`,
    table: () => ({
      head: ["seed", ...proof.arms.map((arm) => arm.name)],
      rows: proof.seeds.map((seed, i) => [seed, ...proof.arms.map((arm) => scoreText(proof, arm.scores[i] ?? null))]),
    }),
  };
}

function picture(proof: Proof, look: Look, width: number, height: number): Svg {
  const svg = new Svg(width, height, look.font);
  const narrow = width < kNarrow;
  const all = proof.arms.flatMap((arm) => arm.scores).filter((score): score is number => score !== null);
  const least = Math.min(0, ...all);
  const most = Math.max(1, ...all);
  const [left, right] = [narrow ? 12 : kNames, width - 14];
  const bottom = kTop + proof.arms.length * kRow;
  const x = (score: number) => left + ((score - least) / (most - least)) * (right - left);
  for (const tick of ticks(least, most, narrow ? 4 : 8)) {
    svg.line(x(tick), kTop, x(tick), bottom, look.line);
    svg.text(x(tick), bottom + 16, scoreText(proof, tick), look.faint, { "text-anchor": tick === least ? "start" : tick === most ? "end" : "middle" });
  }
  svg.text((left + right) / 2, bottom + 36, proof.is_accuracy ? "held-out samples right" : "1 − loss / loss of the constant answer", look.faint, { "text-anchor": "middle" });
  if (proof.constant_score !== null) {
    svg.line(x(proof.constant_score), kTop - 8, x(proof.constant_score), bottom, look.alarm, 1.5, "5 4");
    svg.text(x(proof.constant_score) + 4, kTop - 12, "the constant answer", look.alarm);
  }
  proof.arms.forEach((arm, row) => {
    const y = kTop + (row + 0.5) * kRow + (narrow ? 8 : 0);
    const isLast = row === proof.arms.length - 1;
    const colour = row === 0 ? look.runs[0]! : isLast ? look.runs[1]! : look.faint;
    svg.line(left, kTop + (row + 1) * kRow, right, kTop + (row + 1) * kRow, look.line);
    if (narrow) svg.text(left, y - 13, arm.name, look.ink, { "font-weight": 600, stroke: look.surface, "stroke-width": 4, "paint-order": "stroke" });
    else svg.text(left - 12, y + 4, arm.name, look.ink, { "text-anchor": "end", "font-size": 13, "font-weight": row === 0 || isLast ? 650 : 400 });
    for (const score of arm.scores) {
      if (score !== null) svg.add("circle", { cx: x(score), cy: y, r: 5, fill: colour, "fill-opacity": 0.5, stroke: colour });
    }
    if (arm.mean !== null) svg.line(x(arm.mean), y - 10, x(arm.mean), y + 10, colour, 3);
  });
  return svg;
}
