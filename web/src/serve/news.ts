// SPDX-License-Identifier: Apache-2.0
// Findings as they come, the newest first.
import { h } from "../dom";
import type { News } from "./types";

const kShown = 50;

export class NewsList {
  readonly element = h("section", { class: "card news", "aria-label": "Findings as they come" }, h("h2", {}, "Findings as they come"));
  private readonly list = h("ol", { "aria-live": "polite" });
  private readonly none = h("p", { class: "none" }, "None so far.");

  constructor(private readonly open: (id: number) => void) {
    this.element.append(this.none, this.list);
  }

  add(news: News): void {
    this.none.hidden = true;
    const button = h("button", { type: "button", class: "link", onclick: () => this.open(news.id) }, news.name);
    this.list.prepend(
      h("li", { class: news.severity }, h("span", { class: "chip" }, news.severity), ` step ${news.step}: `, h("strong", {}, news.finding), " ", button),
    );
    while (this.list.children.length > kShown) this.list.lastElementChild!.remove();
  }

  clear(): void {
    this.list.replaceChildren();
    this.none.hidden = false;
  }
}
