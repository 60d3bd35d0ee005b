// SPDX-License-Identifier: Apache-2.0
import { h } from "../dom";
import type { Run } from "../store";

/** The remedies as commands to copy; null where plumb itself did not train the run. */
export function commandsOf(run: Run): HTMLElement | null {
  if (run.commands.length === 0) return null;
  const file = run.file || "RUN.plumb";
  const all = [
    ...run.commands.slice(0, 6),
    { text: "have all of them, and more, tried and the best one proven on fresh seeds", command: `plumb cure ${quoted(file)}` },
  ];
  return h("ol", { class: "commands" }, ...all.map(({ text, command }) => h("li", {}, h("p", {}, text), copyable(command))));
}

function quoted(file: string): string {
  return /^[\w./-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
}

/** A command with a button that copies it. */
export function copyable(command: string): HTMLElement {
  const code = h("code", {}, command);
  const button = h("button", { type: "button", class: "copy" }, "Copy");
  button.addEventListener("click", () => {
    const done = (text: string) => {
      button.textContent = text;
      setTimeout(() => (button.textContent = "Copy"), 1500);
    };
    const select = () => {
      getSelection()?.selectAllChildren(code);
      done("Selected");
    };
    // A page from a file may not write to the clipboard: the text is then selected, to be copied by hand.
    if (navigator.clipboard) navigator.clipboard.writeText(command).then(() => done("Copied"), select);
    else select();
  });
  return h("div", { class: "command" }, code, button);
}
