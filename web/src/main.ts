// SPDX-License-Identifier: Apache-2.0
import "./style.css";
import { redraw } from "./charts/chart";
import { h } from "./dom";
import { page } from "./page";
import { followPrinting } from "./print";
import { readReport } from "./read";
import { setTheme, storedTheme } from "./theme";

setTheme(storedTheme());
const app = document.getElementById("app")!;
try {
  const report = readReport(document.getElementById("plumb-data")?.textContent ?? "");
  const sick = report.runs.find((run) => run.verdict.outcome === "sick" || run.verdict.outcome === "not_learning") ?? report.runs[0];
  document.title = `plumb: ${sick?.label ?? "report"}`;
  app.replaceChildren(...page(report));
  followPrinting();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());
} catch (error) {
  app.replaceChildren(h("p", { class: "broken" }, `This page holds no report that it can read: ${String(error)}`));
  console.error(error);
}
