// SPDX-License-Identifier: Apache-2.0
import "./style.css";
import { redraw } from "./charts/chart";
import { h } from "./dom";
import { page } from "./page";
import { followLinks } from "./links";
import { followPrinting } from "./print";
import { readReport } from "./store";
import { setTheme, storedTheme } from "./theme";

setTheme(storedTheme());
const app = document.getElementById("app")!;
try {
  const report = readReport(document.getElementById("plumb-data")?.textContent ?? "");
  document.title = `plumb: ${report.runs.map((run) => run.name).join(", ")}`;
  app.replaceChildren(...page(report));
  followLinks();
  followPrinting();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw());
} catch (error) {
  app.replaceChildren(h("p", { class: "broken" }, `This page holds no report that it can read: ${String(error)}`));
  console.error(error);
}
