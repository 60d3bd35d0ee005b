// SPDX-License-Identifier: Apache-2.0
import { h } from "./dom";
import { frame } from "./frame";

/** The Markdown of the project's own pages as elements: headings, paragraphs, lists, tables, code, emphasis. Links that lead out
 * of the page are their words alone. Headings begin at `level`. */
export function markdown(text: string, level = 4): HTMLElement[] {
  const out: HTMLElement[] = [];
  const lines = text.split("\n");
  let i = 0;
  const take = (while_: (line: string) => boolean) => {
    const taken: string[] = [];
    while (i < lines.length && while_(lines[i]!)) taken.push(lines[i++]!);
    return taken;
  };
  while (i < lines.length) {
    const line = lines[i]!;
    const heading = /^(#+) (.*)/.exec(line);
    if (heading) {
      const depth = Math.min(6, level + heading[1]!.length - 1);
      out.push(h(`h${depth}` as "h4", {}, ...inline(heading[2]!)));
      ++i;
    } else if (line.startsWith("```")) {
      ++i;
      out.push(h("pre", {}, h("code", {}, take((one) => !one.startsWith("```")).join("\n"))));
      ++i;
    } else if (line.startsWith("|")) {
      out.push(tableOf(take((one) => one.startsWith("|"))));
    } else if (/^(- |\d+\. )/.test(line)) {
      const ordered = /^\d/.test(line);
      const items: string[] = [];
      for (const one of take((next) => /^(- |\d+\. |\s+\S)/.test(next))) {
        if (/^(- |\d+\. )/.test(one)) items.push(one.replace(/^(- |\d+\. )/, ""));
        else items[items.length - 1] += ` ${one.trim()}`;
      }
      out.push(h(ordered ? "ol" : "ul", {}, ...items.map((item) => h("li", {}, ...inline(item)))));
    } else if (line.trim() === "" || line.startsWith("<!--")) {
      ++i;
    } else {
      out.push(h("p", {}, ...inline(take((one) => one.trim() !== "" && !/^(#|\||```|- |\d+\. )/.test(one)).join(" "))));
    }
  }
  return out;
}

function inline(text: string): (HTMLElement | string)[] {
  const parts: (HTMLElement | string)[] = [];
  const marks = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(([^)]+)\)/g;
  let at = 0;
  for (const match of text.matchAll(marks)) {
    if (match.index > at) parts.push(text.slice(at, match.index));
    const [, code, strong, weak, link] = match;
    if (code !== undefined) parts.push(h("code", {}, code));
    else if (strong !== undefined) parts.push(h("strong", {}, strong));
    else if (weak !== undefined) parts.push(h("em", {}, weak));
    else parts.push(link!.replaceAll("`", ""));
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push(text.slice(at));
  return parts;
}

function tableOf(lines: readonly string[]): HTMLElement {
  const cells = (line: string) => line.replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim());
  const [head = [], , ...rows] = lines.map(cells);
  return frame(
    `Table: ${head.filter((cell) => cell !== "").join(", ")}`,
    h(
      "table",
      {},
      // A column without a name has rows for names.
      h("thead", {}, h("tr", {}, ...head.map((cell) => h(cell === "" ? "td" : "th", {}, ...inline(cell))))),
      h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map((cell) => h("td", {}, ...inline(cell)))))),
    ),
  ).element;
}
