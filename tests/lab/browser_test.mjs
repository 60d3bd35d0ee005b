// SPDX-License-Identifier: Apache-2.0
// node browser_test.mjs CHROMIUM PLUMB FOLDER: makes the page of the quick experiments and opens it in a
// headless browser without a network. Fails on any console message, a chart that is not drawn, or a page
// that refuses its data.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [, , chromium, plumb, folder] = process.argv;
const experiments = ["identity", "same-weight", "chain-numbers", "sigmoid-formulas"];

mkdirSync(folder, { recursive: true });
const page = join(folder, "lab.html");
const made = spawnSync(plumb, ["lab", ...experiments, "-o", page], { encoding: "utf8" });
if (made.status !== 0) throw new Error(`plumb lab: ${made.stdout}${made.stderr}`);
const data = JSON.parse(spawnSync(plumb, ["lab", ...experiments, "--json"], { encoding: "utf8" }).stdout);

function open(window) {
  const profile = mkdtempSync(join(tmpdir(), "plumb-browser-"));
  try {
    const flags = [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
      "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", `--user-data-dir=${profile}`,
      `--window-size=${window}`, "--dump-dom", pathToFileURL(page).href,
    ];
    const result = spawnSync(chromium, flags, { encoding: "utf8", timeout: 100_000, maxBuffer: 1 << 28 });
    if (result.error) throw result.error;
    return { dom: result.stdout, messages: result.stderr.split("\n").filter((l) => l.includes("CONSOLE")) };
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

let failed = 0;
const expect = (fine, what) => {
  if (!fine) {
    console.error(`FAILED: ${what}`);
    ++failed;
  }
};
const plots = data.experiments.flatMap((one) => one.parts.filter((part) => ["line", "bars", "heat"].includes(part.kind)));
for (const window of ["1280,1600", "400,800"]) {
  const { dom, messages } = open(window);
  expect(messages.length === 0, `${window}: a silent console, got ${messages.join(" | ")}`);
  expect(!dom.includes("class=\"broken\""), `${window}: a page that reads its data`);
  const charts = dom.match(/<div class="chart"[^>]*aria-label="[^"]+"[^>]*>(?:<div[^>]*>)?<svg/g) ?? [];
  expect(charts.length === plots.length, `${window}: ${plots.length} charts drawn and described, got ${charts.length}`);
  const body = dom.slice(dom.indexOf("<div id=\"app\""), dom.indexOf("id=\"plumb-data\""));
  expect(!/undefined|\[object|NaN/.test(body), `${window}: no value that is not one`);
  for (const one of data.experiments) {
    expect(body.includes(`<section id="${one.name}"`), `${window}: a section ${one.name}`);
    expect(body.includes(`href="#${one.name}"`), `${window}: ${one.name} in the contents`);
    for (const claim of one.claims) expect(body.includes(`id="claim-${claim.number}"`), `${window}: claim ${claim.number}`);
  }
}
process.exit(failed === 0 ? 0 : 1);
