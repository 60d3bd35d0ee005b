// SPDX-License-Identifier: Apache-2.0
/// <reference types="vite/client" />

const kPages = import.meta.glob("../../docs/rules/*.md", { query: "?raw", import: "default", eager: true }) as Record<string, string>;

/** The page of a rule as docs/rules has it; undefined for a rule without one. */
export function rulePage(rule: string): string | undefined {
  return kPages[`../../docs/rules/${rule}.md`];
}
