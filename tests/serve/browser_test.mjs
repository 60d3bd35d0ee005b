// SPDX-License-Identifier: Apache-2.0
// node browser_test.mjs CHROMIUM PLUMB FOLDER WEB: the dashboard in a headless browser while a run grows. A run that is
// opened is the report, and grows with its file; what the reader has chosen stays; a run is pinned beside another; nothing is
// said on the console, axe finds nothing, and no page is wider than its window.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Browser } from "../support/browser.mjs";

const [, , chromium, plumb, folder, web] = process.argv;
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const axeFile = join(web, "node_modules/axe-core/axe.min.js");
const axe = existsSync(axeFile) ? readFileSync(axeFile, "utf8") : "";

let failed = 0;
const expect = (fine, what) => {
  if (fine) return;
  console.error(`FAILED: ${what}`);
  ++failed;
};
const firstLine = (stream) => new Promise((resolve) => createInterface({ input: stream }).once("line", resolve));
// Slow enough that its file stays small while the test looks at it.
const settings = ["--data", "teacher?n=320&in=16&classes=10", "--no-check", "--quiet", "--batch", "288", "--threads", "1", "--record", "every=40"];
const network = "20 x [dense 128 > sigmoid] > dense 10";

const ended = spawnSync(plumb, ["train", "3 x [dense 16 > tanh] > dense 10", ...settings, "--steps", "60", "-o", join(folder, "ended.plumb")], { encoding: "utf8" });
if (ended.status !== 0) throw new Error(`plumb train: ${ended.stderr}`);
// The page of a training, by --serve; and a server of the whole folder beside it.
const training = spawn(plumb, ["train", network, ...settings, "--steps", "1000000", "--serve", "-o", join(folder, "grows.plumb")], { stdio: ["ignore", "ignore", "pipe"] });
const own = await firstLine(training.stderr);
expect(/^http:\/\/127\.0\.0\.1:\d+\/#grows$/.test(own), `train --serve says where its page is, got ${own}`);
const server = spawn(plumb, ["serve", folder, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
const address = await firstLine(server.stdout);

const browser = await Browser.start(chromium);
try {
  const page = await browser.open(own, { width: 1280, height: 1000 });
  expect(await page.until(`document.querySelector("#hero svg") !== null`), "the page of a training opens its run");
  await page.load("about:blank");
  await page.load(`${address}#grows`);
  expect(await page.until(`document.querySelector("#hero svg") !== null`), "a run that grows is a report");
  const state = () =>
    page.run(`({ steps: Number(document.getElementById("step")?.max ?? 0), at: document.querySelector(".steps output")?.textContent ?? "", same: window.hero === document.getElementById("hero") })`);
  expect(await page.until(`Number(document.getElementById("step")?.max ?? 0) > 3`, 60_000), "it has measured steps");
  await page.run(`window.hero = document.getElementById("hero")`);
  const before = await state();
  expect(await page.until(`Number(document.getElementById("step").max) > ${before.steps}`, 60_000), "the report grows");
  const after = await state();
  expect(after.same, "its pictures are drawn anew and not made anew");
  expect(after.at !== before.at, `a cursor at the end follows, got ${before.at} and ${after.at}`);
  await page.run(`{ const step = document.getElementById("step"); step.value = 1; step.dispatchEvent(new Event("input")); }`);
  const chosen = await state();
  await page.run(`document.querySelector("#hero details").open = true`);
  expect(await page.until(`Number(document.getElementById("step").max) > ${after.steps}`, 60_000), "it grows on");
  expect((await state()).at === chosen.at, "a cursor at another step stays");
  expect(await page.run(`document.querySelector("#hero details").open`), "and so does what was opened");

  await page.run(`[...document.querySelectorAll(".head button")].at(-1).click()`);
  await page.run(`[...document.querySelectorAll(".runs button.link")].find((one) => one.textContent === "ended").click()`);
  expect(await page.until(`document.querySelector("#overlay svg") !== null && document.querySelectorAll("button.run-button").length === 2`), "two runs stand beside each other");
  expect(await page.until(`document.querySelector(".verdict .file")?.textContent === "B ended.plumb"`), "the one that was opened is shown");
  writeFileSync(join(folder, "pinned.png"), await page.picture());

  training.kill("SIGKILL");
  expect(await page.until(`[...document.querySelectorAll(".standing")].some((one) => one.textContent === "cut off")`, 60_000), "a training that was killed is cut off");
  await page.resize(1280, 1000);
  for (const dark of axe ? [false, true] : []) {
    await page.scheme(dark ? "dark" : "light");
    await page.settle();
    const found = await page.run(`(async () => {
      if (!window.axe) { ${axe} }
      const { violations } = await window.axe.run(document);
      return violations.map((one) => one.id + ": " + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" ; "));
    })()`);
    expect(found.length === 0, `${dark ? "dark" : "light"}: nothing that axe finds, got\n  ${found.join("\n  ")}`);
  }
  // A window that becomes narrow while the page is open, wherever the reader is.
  await page.load("about:blank");
  await page.load(`${address}#ended`);
  expect(await page.until(`(() => { const hero = document.getElementById("hero"); hero?.scrollIntoView(); return Boolean(hero?.querySelector("svg")); })()`, 60_000), "a run of the address is open");
  await page.run("scrollTo(0, 0)");
  for (const width of [390, 820, 320, 390]) {
    await page.resize(width, 900);
    await page.settle();
    const wide = await page.run("document.documentElement.scrollWidth");
    expect(wide <= width, `an open page becomes ${width} wide, got ${wide}`);
  }
  for (const width of [390, 820]) {
    await page.resize(width, 900);
    await page.load("about:blank");
    await page.load(`${address}#ended`);
    // A picture is drawn when it comes into sight.
    expect(await page.until(`(() => { const hero = document.getElementById("hero"); hero?.scrollIntoView(); return Boolean(hero?.querySelector("svg")); })()`, 60_000), `${width}: the run of the address is open`);
    await page.settle();
    const wide = await page.run("document.documentElement.scrollWidth");
    const over = await page.run(`[...document.querySelectorAll("main *")].filter((one) => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".scroll")).slice(0, 5).map((one) => one.outerHTML.slice(0, 150))`);
    expect(wide <= width, `no scrolling sideways at ${width}, got ${wide}: ${over.join(" | ")}`);
    writeFileSync(join(folder, `${width}.png`), await page.picture());
  }
  expect(page.messages.length === 0, `a silent console, got ${page.messages.join(" | ")}`);
} finally {
  await browser.close();
  training.kill("SIGKILL");
  server.kill("SIGTERM");
}
process.exit(failed > 0 ? 1 : 0);
