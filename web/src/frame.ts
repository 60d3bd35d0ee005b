// SPDX-License-Identifier: Apache-2.0
// A place for a table that may be wider than it: scrolls, by keyboard too, and shows it while there is more to the right.
import { h } from "./dom";

export interface Frame {
  readonly element: HTMLElement;
  /** What stands in it. */
  readonly inside: HTMLElement;
}

export function frame(label: string, ...children: Node[]): Frame {
  const inside = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, ...children);
  const sign = h("p", { class: "more", "aria-hidden": "true", hidden: true }, "more to the right →");
  const look = () => {
    const more = inside.scrollWidth - inside.clientWidth - inside.scrollLeft > 2;
    sign.hidden = !more;
    inside.classList.toggle("has-more", more);
  };
  inside.addEventListener("scroll", look, { passive: true });
  new ResizeObserver(look).observe(inside);
  new MutationObserver(look).observe(inside, { childList: true, subtree: true });
  return { element: h("div", { class: "frame" }, inside, sign), inside };
}

export interface Table {
  head: string[];
  rows: string[][];
}

export function table(data: Table, caption: string): HTMLElement {
  return frame(
    caption,
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...data.head.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, ...data.rows.map((row) => h("tr", {}, ...row.map((text) => h("td", {}, text))))),
    ),
  ).element;
}
