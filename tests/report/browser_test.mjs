// SPDX-License-Identifier: Apache-2.0
// node browser_test.mjs CHROMIUM REPORT_PAGES FOLDER WEB: opens every sample page in a headless browser without a network,
// at four widths, light and dark. Fails on any console message or request, a chart that is not drawn, a page that is wider
// than its window, data that do not follow web/report.schema.json, a violation that axe finds (WEB/node_modules/axe-core, by
// its default rules), a policy that lets a script in, and charts that cannot be reached and read by keyboard.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Browser } from "../support/browser.mjs";

const [, , chromium, reportPages, folder, web] = process.argv;
const { problems } = await import(pathToFileURL(join(web, "check_schema.mjs")).href);
const schema = JSON.parse(readFileSync(join(web, "report.schema.json"), "utf8"));
const axeFile = join(web, "node_modules/axe-core/axe.min.js");
const axe = existsSync(axeFile) ? readFileSync(axeFile, "utf8") : "";
if (!axe) console.log(`${axeFile} is not there: the pages are not held against axe`);

const depth = ["hero", "strip", "spectrogram"];
const training = ["training", "flow-heat", "speed"];
const pages = {
  sick: { figures: [...depth, ...training, "inside-layer"], says: "finding-0" },
  healthy: { figures: [...depth, ...training], says: "verdict healthy" },
  probe: { figures: depth, says: "Measured once" },
  deep: { figures: ["hero", "strip", "flow-heat"], says: "10⁻¹²⁰⁴" },
  time: { figures: ["time-flow", "time-shares", "time-gates", "time-heat", "training"], says: "there is no depth to show" },
  nasty: { figures: ["hero", "strip"], says: "cut off" },
  compare: { figures: ["overlay", "curves", "hero"], says: "settings that differ" },
  proof: { figures: ["proof-picture", "overlay", "curves", "hero"], says: "between +65.0 and +75.0 points" },
  eight: { figures: ["overlay", "curves", "hero"], says: "8 runs" },
};

let failed = 0;
const expect = (fine, what) => {
  if (fine) return;
  console.error(`FAILED: ${what}`);
  ++failed;
};

/** Goes to every chart and waits until it has drawn itself. */
const kSeeAll = `(async () => {
  for (const chart of document.querySelectorAll(".chart")) {
    chart.scrollIntoView();
    const end = performance.now() + 10000;
    while (chart.dataset.width !== String(chart.clientWidth) && performance.now() < end) await new Promise((done) => setTimeout(done, 15));
  }
  scrollTo(0, 0);
})()`;
const kCharts = `[...document.querySelectorAll(".chart")].map((one) => ({
  figure: one.closest("figure").id,
  drawn: one.querySelector("svg, canvas") !== null || one.textContent.length > 0,
  label: one.getAttribute("aria-label") ?? "",
}))`;

async function look(name, want, browser) {
  const file = join(folder, `${name}.html`);
  const page = await browser.open(file, { width: 1440, height: 1000 });
  await page.run(kSeeAll);
  const ids = await page.run(`[...document.querySelectorAll("figure")].map((one) => one.id)`);
  for (const id of want.figures) expect(ids.includes(id), `${name}: a figure ${id}, got ${ids}`);
  for (const chart of await page.run(kCharts)) {
    expect(chart.drawn, `${name}: the chart in ${chart.figure} is drawn`);
    expect(chart.label.length > 20 && !/undefined|NaN\b(?! or)|\[object/.test(chart.label), `${name}: the chart in ${chart.figure} is described, got "${chart.label}"`);
  }
  const html = await page.run(`document.getElementById("app").outerHTML`);
  expect(html.includes(want.says), `${name}: a page that says ${want.says}`);
  expect(!/undefined|\[object/.test(html), `${name}: no value that is not one`);
  const data = JSON.parse(await page.run(`document.getElementById("plumb-data").textContent`));
  const wrong = problems(data, schema);
  expect(wrong.length === 0, `${name}: data as the schema says, got ${wrong.slice(0, 5).join(" | ")}`);
  for (const width of [1440, 1024, 600, 390]) {
    await page.resize(width, 1000);
    await page.settle();
    // Also while charts out of sight are still as they were drawn for the width before.
    const before = await page.run("document.documentElement.scrollWidth");
    expect(before <= width, `${name}: no wider than ${width} px right after the window became that, got ${before}`);
    await page.run(kSeeAll);
    const over = await page.run("document.documentElement.scrollWidth - innerWidth");
    expect(over <= 0, `${name}: no wider than ${width} px, got ${over} more`);
  }
  await page.resize(1200, 1000);
  if (axe) {
    for (const dark of [false, true]) {
      await page.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }] });
      await page.settle();
      const found = await page.run(`(async () => {
        if (!window.axe) { ${axe} }
        const { violations } = await window.axe.run(document);
        return violations.map((one) => one.id + ": " + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" ; "));
      })()`);
      expect(found.length === 0, `${name}, ${dark ? "dark" : "light"}: nothing that axe finds, got\n  ${found.join("\n  ")}`);
    }
  }
  expect(page.messages.length === 0, `${name}: a silent console, got ${page.messages.join(" | ")}`);
  expect(page.requests.length === 0, `${name}: no request, got ${page.requests.join(" ")}`);
  await page.close();
}

/** Only what was there when the page was made runs in it. */
async function policy(browser) {
  const page = await browser.open(join(folder, "sick.html"));
  const policies = await page.run(`document.querySelectorAll('meta[http-equiv="Content-Security-Policy"]').length`);
  expect(policies === 1, "a policy in the page");
  await page.run(`{
    const script = document.createElement("script");
    script.textContent = "window.broken = true";
    document.body.append(script);
    const style = document.createElement("style");
    style.textContent = "body { outline: 7px solid red }";
    document.head.append(style);
  }`);
  await page.settle();
  expect(await page.run("window.broken !== true"), "a script that was put in does not run");
  expect((await page.run("getComputedStyle(document.body).outlineWidth")) !== "7px", "a style that was put in does nothing");
  const answer = await page.run(`fetch("https://example.org").then(() => "went out", () => "refused")`);
  expect(answer === "refused", "nothing leaves the page");
  await page.close();
}

/** From the top of the page with Tab to the picture; arrows move the layer and the step, and what stands there is said. */
async function keyboard(browser) {
  const page = await browser.open(join(folder, "sick.html"), { height: 1000 });
  // The address follows a little behind the cursor.
  const state = () =>
    page.run(`(async () => {
      await new Promise((done) => setTimeout(done, 200));
      const at = document.activeElement;
      return {
        figure: at.closest("figure")?.id ?? "", isChart: at.classList.contains("chart"), role: at.getAttribute("role") ?? "",
        text: at.nextElementSibling?.textContent ?? "", live: at.nextElementSibling?.getAttribute("role") ?? "",
        shown: at.nextElementSibling ? getComputedStyle(at.nextElementSibling).position === "static" : false, hash: location.hash,
      };
    })()`);
  const reach = async (id) => {
    for (let i = 0; i < 60; ++i) {
      await page.press("Tab");
      const now = await state();
      if (now.isChart && now.figure === id) return now;
    }
    return undefined;
  };
  const hero = await reach("hero");
  expect(hero !== undefined, "the picture is reached with Tab");
  if (!hero) return page.close();
  expect(hero.live === "status" && hero.shown, "what stands at the cursor is shown and said");
  expect(/layer 1, /.test(hero.text), `the picture begins at layer 1, got "${hero.text}"`);
  await page.press("ArrowRight");
  const right = await state();
  expect(/layer 2, .*flow gradient/.test(right.text), `the arrow moves to layer 2, got "${right.text}"`);
  expect(/layer=2/.test(right.hash), `the address says so, got ${right.hash}`);
  await page.press("End");
  expect(/layer 31, /.test((await state()).text), "End goes to the last layer");
  const step = /step=(\d+)/.exec((await state()).hash)?.[1];
  await page.press("ArrowUp");
  const next = /step=(\d+)/.exec((await state()).hash)?.[1];
  expect(Number(next) > Number(step), `the arrow up goes to a later step, got ${step} and ${next}`);
  expect(new RegExp(`step ${next}`).test((await state()).text), "and the text follows");
  const heat = await reach("flow-heat");
  expect(heat !== undefined && heat.text.includes(`step ${next}`), `the map has the same cursor, got "${heat?.text}"`);
  await page.press("Home");
  expect(/step 0/.test((await state()).text), "along its steps Home goes to the first");
  await page.press("Tab", { shift: true });
  expect(!(await state()).isChart || (await state()).figure !== "flow-heat", "no chart keeps the focus");
  expect(page.messages.length === 0, `keyboard: a silent console, got ${page.messages.join(" | ")}`);
  await page.close();
}

/** An address that was sent opens where it was. */
async function address(browser) {
  const page = await browser.open(join(folder, "compare.html"), { hash: "#run=B&step=4&layer=7" });
  const title = await page.run(`document.querySelector("#layer-view h3").textContent`);
  expect(/^layer 7 .*step 4$/.test(title), `the address chooses run, step and layer, got "${title}"`);
  const file = await page.run(`document.querySelector(".verdict .file").textContent`);
  expect(file === "B healthy.plumb", `and the run, got "${file}"`);
  await page.run(`document.querySelector('button[aria-label="Next measured step"]').click()`);
  expect(await page.until(`/step (?!4$)\\d+$/.test(document.querySelector("#layer-view h3").textContent)`), "a step of the cursor moves the layer view");
  await page.close();
}

/** Every run has a colour of its own and says its letter and its file. */
async function eight(browser) {
  const page = await browser.open(join(folder, "eight.html"));
  const keys = await page.run(`[...document.querySelectorAll("button.run-button")].map((one) => ({
    text: one.textContent, colour: getComputedStyle(one.querySelector(".run-key")).color,
  }))`);
  expect(keys.length === 8 && new Set(keys.map((key) => key.colour)).size === 8, `eight colours, got ${keys.map((key) => key.colour)}`);
  keys.forEach((key, i) => expect(key.text.startsWith("ABCDEFGH"[i]) && key.text.includes(`run-${i}.plumb`), `letter and file of run ${i}, got "${key.text}"`));
  await page.run(`document.querySelectorAll("button.run-button")[3].click()`);
  await page.settle();
  expect((await page.run(`document.querySelector(".verdict .file").textContent`)) === "D run-3.plumb", "a run is chosen by its button");
  await page.close();
}

mkdirSync(folder, { recursive: true });
const made = spawnSync(reportPages, [folder], { encoding: "utf8" });
if (made.status !== 0) throw new Error(`report_pages: ${made.stderr}`);
const browser = await Browser.start(chromium);
try {
  for (const [name, want] of Object.entries(pages)) await look(name, want, browser);
  for (const test of [policy, keyboard, address, eight]) await test(browser);
} finally {
  await browser.close();
}
process.exit(failed === 0 ? 0 : 1);
