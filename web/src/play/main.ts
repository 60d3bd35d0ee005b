// SPDX-License-Identifier: Apache-2.0
import "../style.css";
import "./play.css";
import { h } from "../dom";
import { setTheme, storedTheme } from "../theme";
import { themeSwitch } from "../theme_switch";
import { Playground } from "./page";

setTheme(storedTheme());
const playground = new Playground();
document.getElementById("app")!.replaceChildren(
  h("header", { class: "masthead" }, h("h1", {}, h("span", { class: "mark", "aria-hidden": "true" }), "plumb"), h("p", {}, "how deep the gradient reaches"), themeSwitch(() => playground.recolour())),
  h("main", {}, playground.element),
  h("footer", {}, "One file, no network: everything on this page is computed in it. Its networks are those of the command below them, number for number."),
);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => playground.recolour());
