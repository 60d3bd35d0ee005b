// SPDX-License-Identifier: Apache-2.0
import "../style.css";
import "../play/play.css";
import "./lab.css";
import { redraw } from "../charts/chart";
import { h } from "../dom";
import { followPrinting } from "../print";
import { Playground } from "../play/page";
import { setTheme, storedTheme } from "../theme";
import { page } from "./page";
import type { Lab } from "./types";

setTheme(storedTheme());
const app = document.getElementById("app")!;
try {
  const lab = JSON.parse(document.getElementById("plumb-data")?.textContent ?? "") as Lab;
  if (lab.schema !== 1) throw new Error(`schema ${lab.schema}, expected 1`);
  document.title = "plumb lab: vanishing gradients, claim by claim";
  const playground = new Playground(new Set(lab.experiments.map((one) => one.name)));
  const recolour = () => {
    redraw();
    playground.recolour();
  };
  app.replaceChildren(...page(lab, playground.element, recolour));
  followPrinting();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
  // The place that the address names exists only now; what has a "=" is a setting of the playground.
  if (location.hash && !location.hash.includes("=")) document.getElementById(location.hash.slice(1))?.scrollIntoView();
} catch (error) {
  app.replaceChildren(h("p", { class: "broken" }, `This page holds no experiments that it can read: ${String(error)}`));
  console.error(error);
}
