// SPDX-License-Identifier: Apache-2.0
// node browser_test.mjs CHROMIUM PLUMB FOLDER WEB: makes the page of the quick experiments and opens it in a
// headless browser without a network. Fails on any console message or request, a chart that is not drawn, a page
// that refuses its data or is wider than its window, and a violation that axe finds. The playground heads it: its chapters
// lead to the experiments, its settings are in the address, and it trains.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Browser } from "../support/browser.mjs";

const [, , chromium, plumb, folder, web] = process.argv;
const experiments = ["identity", "same-weight", "chain-numbers", "sigmoid-formulas"];

mkdirSync(folder, { recursive: true });
const file = join(folder, "lab.html");
const made = spawnSync(plumb, ["lab", ...experiments, "-o", file], { encoding: "utf8" });
if (made.status !== 0) throw new Error(`plumb lab: ${made.stdout}${made.stderr}`);
const data = JSON.parse(spawnSync(plumb, ["lab", ...experiments, "--json"], { encoding: "utf8" }).stdout);
const axeFile = join(web, "node_modules/axe-core/axe.min.js");
const axe = existsSync(axeFile) ? readFileSync(axeFile, "utf8") : "";

let failed = 0;
const expect = (fine, what) => {
  if (fine) return;
  console.error(`FAILED: ${what}`);
  ++failed;
};
const plots = data.experiments.flatMap((one) => one.parts.filter((part) => ["line", "bars", "heat"].includes(part.kind)));

/** The head of the page: a network at every choice, chapters that lead to the experiments behind it. */
async function playground(browser) {
  const page = await browser.open(file, { width: 1280, height: 1000 });
  const settled = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30))))";
  const says = () => page.run(`${settled}.then(() => document.querySelector(".hearing .big").textContent)`);
  const first = await page.run(`document.querySelector("main h2").textContent`);
  expect(first === "Can the first layer hear the loss?", `the playground comes first, got ${first}`);
  expect(/^No: layer 1 gets 2\.7×10⁻²⁶ of the gradient of layer 31, the last/.test(await says()), `thirty sigmoid layers, got: ${await says()}`);
  await page.run(`document.querySelector(".chapters button:nth-child(1)").click()`);
  await page.run(settled);
  const links = await page.run(`[...document.querySelectorAll(".tested a")].map((one) => document.querySelector(one.getAttribute("href"))?.className)`);
  expect(links.length === 3 && links.every((one) => one === "experiment"), `its experiments are on the page, got ${links}`);
  await page.run(`document.querySelector(".chapters button:nth-child(2)").click()`);
  await page.run(settled);
  const named = await page.run(`document.querySelector(".tested").textContent`);
  expect(named.includes("plumb lab sigmoid-tanh") && named.includes("sigmoid-formulas"), `what is not on the page is a command, got ${named}`);
  expect((await page.run("location.hash")).includes("chapter=2"), "the setting is in the address");
  const hidden = await page.run(`[...document.querySelectorAll(".play .card")].filter((card) => [...card.children].some((one) => one.getBoundingClientRect().bottom > card.getBoundingClientRect().bottom + 1)).map((card) => card.className)`);
  expect(hidden.length === 0, `no card is too small for what it holds, got ${hidden}`);
  await page.run(`document.getElementById("train").click()`);
  expect(await page.until(`!document.getElementById("train").disabled && document.querySelector(".training .said").textContent.includes("loss")`, 240_000), "it trains in the page");
  await page.run(`location.hash = "#same-weight"`);
  await page.run(settled);
  expect((await page.run("location.hash")) === "#same-weight", "a place of the page stays one");
  expect(page.messages.length === 0, `playground: a silent console, got ${page.messages.join(" | ")}`);
  await page.close();
}

const browser = await Browser.start(chromium);
try {
  for (const width of [1280, 600, 390]) {
    const page = await browser.open(file, { width, height: 1000 });
    await page.run(`(async () => {
      for (const chart of document.querySelectorAll(".chart")) {
        chart.scrollIntoView();
        const end = performance.now() + 10000;
        while (chart.dataset.width !== String(chart.clientWidth) && performance.now() < end) await new Promise((done) => setTimeout(done, 15));
      }
    })()`);
    const charts = await page.run(`[...document.querySelectorAll(".chart")].filter((one) => one.querySelector("svg") && one.getAttribute("aria-label")).length`);
    expect(charts === plots.length, `${width}: ${plots.length} charts drawn and described, got ${charts}`);
    const body = await page.run(`document.getElementById("app").outerHTML`);
    expect(!body.includes('class="broken"'), `${width}: a page that reads its data`);
    expect(!/undefined|\[object|NaN/.test(body), `${width}: no value that is not one`);
    for (const one of data.experiments) {
      expect(body.includes(`<section id="${one.name}"`), `${width}: a section ${one.name}`);
      expect(body.includes(`href="#${one.name}"`), `${width}: ${one.name} in the contents`);
      for (const claim of one.claims) expect(body.includes(`id="claim-${claim.number}"`), `${width}: claim ${claim.number}`);
    }
    const over = await page.run("document.documentElement.scrollWidth - innerWidth");
    expect(over <= 0, `no wider than ${width} px, got ${over} more`);
    if (axe && width === 1280) {
      for (const dark of [false, true]) {
        await page.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }] });
        await page.settle();
        const found = await page.run(`(async () => {
          if (!window.axe) { ${axe} }
          const { violations } = await window.axe.run(document);
          return violations.map((one) => one.id + ": " + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" ; "));
        })()`);
        expect(found.length === 0, `${dark ? "dark" : "light"}: nothing that axe finds, got\n  ${found.join("\n  ")}`);
      }
    }
    expect(page.messages.length === 0, `${width}: a silent console, got ${page.messages.join(" | ")}`);
    expect(page.requests.length === 0, `${width}: no request, got ${page.requests.join(" ")}`);
    await page.close();
  }
  await playground(browser);
} finally {
  await browser.close();
}
process.exit(failed === 0 ? 0 : 1);
