// SPDX-License-Identifier: Apache-2.0

type Attributes = Record<string, string | number | boolean | EventListener>;
type Child = Node | string | null;

/** An element with attributes, listeners ("onclick") and children. Text is always text, never markup. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(name.slice(2), value);
    } else if (value !== false) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  for (const child of children) if (child !== null) element.append(child);
  return element;
}

export interface Table {
  head: string[];
  rows: string[][];
}

export function table(data: Table, caption: string): HTMLElement {
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, ...data.head.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, ...data.rows.map((row) => h("tr", {}, ...row.map((text) => h("td", {}, text))))),
    ),
  );
}
