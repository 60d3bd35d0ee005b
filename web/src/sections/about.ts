// SPDX-License-Identifier: Apache-2.0
import { h } from "../dom";
import { plain } from "../format";
import type { Run } from "../store";

/** What was run: everything needed to run it again. */
export function aboutRun(run: Run): HTMLElement {
  const { info } = run;
  const facts: [string, string][] = [
    ["file", run.file],
    ["network", run.label],
    ["written out", info.network === run.label ? "" : info.network],
    ["kind", info.kind],
    ["data", info.data],
    ["loss", info.loss],
    ["optimiser", info.optimiser],
    ["batch", info.batch > 0 ? String(info.batch) : ""],
    ["seed", info.seed],
    ["precision", info.precision],
    ["threads", String(info.threads)],
    ["steps", `${run.recorded.steps} recorded, ${run.recorded.measured} measured, ${info.planned_steps} planned`],
    ["end", run.end ? `${run.end.reason} after ${plain(run.end.time_s)} s` : "none: cut off, or still running"],
    ["started", info.started_at],
    ["machine", info.machine],
    ["plumb", info.plumb_version],
  ];
  const known = new Set(facts.map(([name]) => name));
  const settings = info.settings.filter(([name]) => !known.has(name));
  const shown = [...facts.filter(([, text]) => text !== ""), ...settings];
  return h("dl", { class: "about" }, ...shown.flatMap(([name, text]) => [h("dt", {}, name), h("dd", {}, text)]));
}
