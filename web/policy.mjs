// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";

const kInline = { script: /<script type="module">([\s\S]*?)<\/script>/g, style: /<style>([\s\S]*?)<\/style>/g };

// The page runs the script and takes the style that stand in it, and nothing else; it asks nobody for anything. Charts
// set attributes of style, which have no hashes. `own` are directives that one page needs beside these.
export function policy(html, own = []) {
  const hashes = (of) =>
    [...html.matchAll(of)].map((match) => `'sha256-${createHash("sha256").update(match[1] ?? "").digest("base64")}'`).join(" ");
  return [
    "default-src 'none'",
    `script-src ${hashes(kInline.script)}`,
    `style-src ${hashes(kInline.style)}`,
    `style-src-elem ${hashes(kInline.style)}`,
    "style-src-attr 'unsafe-inline'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    ...own,
  ].join("; ");
}
