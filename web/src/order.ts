// SPDX-License-Identifier: Apache-2.0
import type { Run } from "./store";

export type SectionName = "depth" | "time" | "training";

/** What a finding is about, by its rule; a rule that is not listed is about depth. */
const kAbout: Record<string, SectionName> = {
  vanishing_through_time: "time",
  exploding_through_time: "time",
  saturated_gate: "time",
  diverging: "training",
  not_learning: "training",
  overfitting: "training",
  update_too_large: "training",
  stalled_layer: "training",
  running_statistics: "training",
  shrinking_weights: "training",
};

/** The section that the reader came for: that of the worst finding; of a recurrent network without depth, time. */
export function firstSection(run: Run): SectionName {
  const worst = run.findings.find((finding) => finding.severity !== "note");
  const about = worst ? (kAbout[worst.rule] ?? "depth") : "depth";
  const through = run.measured.some((m) => m.times.length > 0);
  if (about === "time" && !through) return "depth";
  if (about === "depth" && through && run.profile.length < 3) return "time";
  return about;
}
