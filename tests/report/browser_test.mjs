// SPDX-License-Identifier: Apache-2.0
// node browser_test.mjs CHROMIUM REPORT_PAGES FOLDER: opens every sample page in a headless browser without
// a network. Fails on any console message, a missing chart, or a page that refuses its data.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [, , chromium, reportPages, folder] = process.argv;
const atOneStep = ["flow-profile", "ledger"];
const trained = ["flow-heat", "speed", "training"];
const pages = {
  sick: { figures: [...atOneStep, "activity", ...trained], charts: 7, says: "id=\"finding-0-0\"" },
  healthy: { figures: [...atOneStep, "activity", ...trained], charts: 7, says: "verdict healthy" },
  compare: { figures: [...atOneStep, "activity", ...trained], charts: 12, says: "verdict healthy" },
  probe: { figures: atOneStep, charts: 3, says: "Measured once" },
  deep: { figures: [...atOneStep, "flow-heat"], charts: 5, says: "10⁻¹²⁰" },
  time: { figures: [...atOneStep, "time-flow", "time-shares", "time-gates", "time-heat", ...trained], charts: 10, says: "How far back in time the gradient reaches" },
  nasty: { figures: atOneStep, charts: 6, says: "cut off" },
};

function open(file) {
  const profile = mkdtempSync(join(tmpdir(), "plumb-browser-"));
  try {
    const flags = [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
      "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", `--user-data-dir=${profile}`,
      "--window-size=1200,1600", "--dump-dom", pathToFileURL(file).href,
    ];
    const options = { encoding: "utf8", timeout: 100_000, maxBuffer: 1 << 28 };
    const result = spawnSync(chromium, flags, options);
    if (result.error) throw result.error;
    return { dom: result.stdout, messages: result.stderr.split("\n").filter((l) => l.includes("CONSOLE")) };
  } finally {
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

mkdirSync(folder, { recursive: true });
const made = spawnSync(reportPages, [folder], { encoding: "utf8" });
if (made.status !== 0) throw new Error(`report_pages: ${made.stderr}`);

let failed = 0;
const expect = (fine, what) => {
  if (!fine) {
    console.error(`FAILED: ${what}`);
    ++failed;
  }
};
for (const [name, want] of Object.entries(pages)) {
  const { dom, messages } = open(join(folder, `${name}.html`));
  expect(messages.length === 0, `${name}: a silent console, got ${messages.join(" | ")}`);
  expect(!dom.includes("class=\"broken\""), `${name}: a page that reads its data`);
  for (const id of want.figures) expect(dom.includes(`<figure id="${id}"`), `${name}: a figure ${id}`);
  const charts = dom.match(/<div class="chart"[^>]*aria-label="[^"]+"[^>]*>(?:<div[^>]*>)?<svg/g) ?? [];
  expect(charts.length === want.charts, `${name}: ${want.charts} charts drawn and described, got ${charts.length}`);
  const body = dom.slice(dom.indexOf("<div id=\"app\""), dom.indexOf("id=\"plumb-data\""));
  expect(body.includes(want.says), `${name}: a page that says ${want.says}`);
  expect(!/undefined|\[object/.test(body), `${name}: no value that is not one`);
}
process.exit(failed === 0 ? 0 : 1);
