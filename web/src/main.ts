// SPDX-License-Identifier: Apache-2.0
import "./style.css";
import { redraw } from "./charts/chart";
import { h } from "./dom";
import { page } from "./page";
import { followPrinting } from "./print";
import { setTheme, storedTheme } from "./theme";
import type { Report } from "./types";

function read(): Report {
  const text = document.getElementById("plumb-data")?.textContent ?? "";
  const report = JSON.parse(text) as Report;
  if (report.schema !== 1) throw new Error(`schema ${report.schema}, expected 1`);
  return report;
}

setTheme(storedTheme());
const app = document.getElementById("app")!;
try {
  const report = read();
  const sick = report.runs.find((run) => run.verdict.severity !== "healthy") ?? report.runs[0];
  document.title = `plumb: ${sick?.label ?? "report"}`;
  app.replaceChildren(...page(report));
  followPrinting();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());
} catch (error) {
  app.replaceChildren(h("p", { class: "broken" }, `This page holds no report that it can read: ${String(error)}`));
  console.error(error);
}
