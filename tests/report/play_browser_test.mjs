// SPDX-License-Identifier: Apache-2.0
// node play_browser_test.mjs CHROMIUM PLUMB FOLDER WEB: the playground in a headless browser, without a network: the walk of
// docs/play.md step by step, dragging, keys, a finger, narrow and dark, and what axe finds (WEB/node_modules/axe-core).
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Browser } from "../support/browser.mjs";

const [, , chromium, plumb, folder, web] = process.argv;
const axeFile = join(web, "node_modules/axe-core/axe.min.js");
const axe = existsSync(axeFile) ? readFileSync(axeFile, "utf8") : "";
const kMost_bytes = 300_000;
mkdirSync(folder, { recursive: true });
const file = join(folder, "play.html");
const made = spawnSync(plumb, ["play", "-o", file], { encoding: "utf8" });
if (made.status !== 0) throw new Error(`plumb play: ${made.stderr}`);
const url = pathToFileURL(file).href;

let failed = 0;
const expect = (fine, what) => {
  if (fine) return;
  console.error(`FAILED: ${what}`);
  ++failed;
};
expect(statSync(file).size < kMost_bytes, `a page under ${kMost_bytes} bytes, got ${statSync(file).size}`);

const browser = await Browser.start(chromium);
const page = await browser.open(file, { width: 1280, height: 1000 });
const settled = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30))))";
const says = () => page.run(`${settled}.then(() => document.querySelector(".hearing .big").textContent)`);
const press = async (selector) => {
  await page.run(`document.querySelector(${JSON.stringify(selector)}).click()`);
  await page.run(settled);
};
const choose = async (id, value) => {
  await page.run(`(() => { const control = document.getElementById(${JSON.stringify(id)}); control.value = ${JSON.stringify(value)}; control.dispatchEvent(new Event("change")); control.dispatchEvent(new Event("input")); })()`);
  await page.run(settled);
};
const picture = async (name) => writeFileSync(join(folder, `${name}.png`), await page.picture());
const lossAfterTraining = async () => {
  await press("#train");
  expect(await page.until(`!document.getElementById("train").disabled`, 240_000), "a training that ends");
  return page.run(`document.querySelector(".training .said").textContent`);
};

try {
  expect(await page.until(`document.querySelectorAll(".flow svg circle").length === 31`), "a circle for each of 31 layers");

  // The walk.
  expect(/^No: layer 1 gets 2\.7×10⁻²⁶ of the gradient of layer 31, the last/.test(await says()), `thirty sigmoid layers, got: ${await says()}`);
  await picture("walk-1");
  await press(".scales button:last-child");
  expect((await page.run("location.hash")).includes("scale=linear"), "a linear axis in the address");
  await picture("walk-2");
  await press(".chapters button:nth-child(2)");
  expect(/^No/.test(await says()), "the quarter");
  const took = await page.run(`document.querySelector(".causes").textContent`);
  expect(/^−19\.4 powers of ten.*derivative of the activation−18\.8/.test(took), `what took it, got: ${took}`);
  await press(".story .go button");
  expect((await page.run(`document.activeElement.id`)) === "set-activation", "the chapter leads to its control");
  expect(await page.run(`(() => { const box = document.activeElement.getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight; })()`), "which is in sight");
  await picture("walk-3");
  await choose("set-activation", "tanh");
  expect(/^Yes: layer 1 gets 0\.13 times/.test(await says()), `tanh lets it through, got: ${await says()}`);
  await picture("walk-4");
  await press(".chapters button:nth-child(5)");
  expect(/^No: layer 1 gets 8\.0×10⁻⁵² of/.test(await says()), `sixty sigmoid layers, got: ${await says()}`);
  await press("#set-residual");
  expect(/^Yes: the first block gets 0\.76 times/.test(await says()), `a shortcut, got: ${await says()}`);
  await picture("walk-5");
  await press(".chapters button:nth-child(6)");
  const sick = await lossAfterTraining();
  expect(sick.includes("next to nothing"), `sigmoid does not learn, got: ${sick}`);
  await picture("walk-6");
  await choose("set-activation", "tanh");
  await choose("set-init", "glorot_normal");
  const well = await lossAfterTraining();
  expect(well.includes("It learns"), `tanh learns, got: ${well}`);
  await picture("walk-7");

  // The command on the page measures what the page says, of the same layers.
  const kSuperscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  for (const hash of ["", "#activation=tanh&init=lecun_normal&gain=1.3&depth=40&biasStd=0.1", "#activation=relu&init=he_normal&depth=25&width=32&seed=4", "#activation=sigmoid&depth=1", "#activation=gelu&depth=12&norm=ln&seed=2", "#activation=tanh&depth=30&residual=true"]) {
    await page.load("about:blank");
    await page.load(url + hash);
    const sentence = await says();
    const command = await page.run(`document.querySelector(".hand > code").textContent`);
    const run = join(folder, "command.plumb");
    const probed = spawnSync("sh", ["-c", `'${plumb}' ${command.replace(/^plumb /, "")} --no-check --force -o '${run}' >&2 && '${plumb}' report '${run}' --json`], { encoding: "utf8", maxBuffer: 1 << 26 });
    const report = probed.status === 0 ? JSON.parse(probed.stdout).runs[0] : null;
    expect(report !== null, `${command} runs: ${probed.stderr}`);
    if (!report) continue;
    const [, digits, , power, layer] = /(?:gets) ([\d.]+)(×10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))? (?:times |of )?the gradient of layer (\d+), the last/.exec(sentence) ?? [];
    const exponent = power ? Number(Array.from(power, (c) => (c === "⁻" ? "-" : kSuperscripts.indexOf(c))).join("")) : 0;
    const said = Math.log10(Number(digits)) + exponent;
    expect(Math.abs(said - report.measured[0].reach.total) < 0.03, `the page says what ${command} measures: "${sentence}" against ${report.measured[0].reach.total}`);
    expect(Number(layer) === report.profile.length, `of the same layers: "${sentence}" against ${report.profile.length}`);
  }
  await page.load("about:blank");
  await page.load(url);

  // The dot: mouse, keys, finger.
  await press(".chapters button:nth-child(3)");
  await page.run(`document.querySelector(".map-surface").scrollIntoView({ block: "center" })`);
  const box = await page.run(`(() => { const b = document.querySelector(".map-surface").getBoundingClientRect(); return { x: b.x, y: b.y, width: b.width, height: b.height }; })()`);
  const from = await page.run("location.hash");
  await page.mouse("mousePressed", box.x + box.width * 0.3, box.y + box.height * 0.4);
  for (let i = 1; i <= 5; ++i) await page.mouse("mouseMoved", box.x + box.width * (0.3 + 0.1 * i), box.y + box.height * 0.4);
  await page.mouse("mouseReleased", box.x + box.width * 0.8, box.y + box.height * 0.4);
  await page.run(settled);
  expect((await page.run("location.hash")) !== from && /^(Too loud|Yes)/.test(await says()), `a dot dragged to the right, got: ${await says()}`);
  await page.run(`document.querySelector(".map-surface").focus()`);
  const depth = Number(await page.run(`document.getElementById("set-depth").value`));
  await page.press("ArrowDown");
  await page.run(settled);
  expect(Number(await page.run(`document.getElementById("set-depth").value`)) === depth - 1, "an arrow key moves the dot");
  await page.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x: box.x + box.width * 0.25, y: box.y + box.height * 0.3 }] });
  await page.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await page.run(settled);
  expect(/^No/.test(await says()), `a finger on the left, got: ${await says()}`);

  // An address is a state, and every state has a picture.
  const hash = "#activation=relu&init=he_normal&depth=50&norm=ln&residual=true&format=fp16";
  await page.load("about:blank");
  await page.load(url + hash);
  await page.until(`document.querySelectorAll(".flow svg circle").length === 51`);
  expect((await page.run(`document.querySelector(".hand > code").textContent`)).startsWith(`plumb probe "50 x [res[dense 64 > ln > relu]] > dense 10"`), "the command of the address");
  const name = await page.run(`new Promise((done) => { let picture; URL.createObjectURL = (blob) => { picture = blob; return "data:,"; }; HTMLAnchorElement.prototype.click = function () { done(this.download + " " + picture.type + " " + picture.size); }; [...document.querySelectorAll(".hand button")].at(-1).click(); })`);
  expect(/^plumb-play\.png image\/png \d{5,}$/.test(name), `a PNG, got: ${name}`);

  for (const [width, scheme] of [[390, "light"], [390, "dark"], [820, "dark"]]) {
    await page.resize(width, 900);
    await page.scheme(scheme);
    await page.run(settled);
    const wide = await page.run("document.documentElement.scrollWidth");
    expect(wide <= width, `no scrolling sideways at ${width}, got ${wide}`);
    await picture(`${width}-${scheme}`);
    if (!axe) continue;
    const found = await page.run(`(async () => {
      if (!window.axe) { ${axe} }
      const { violations } = await window.axe.run(document);
      return violations.map((one) => one.id + ": " + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 120)).join(" ; "));
    })()`);
    expect(found.length === 0, `${width}, ${scheme}: nothing that axe finds, got\n  ${found.join("\n  ")}`);
  }
  expect(page.messages.length === 0, `a silent console, got: ${page.messages.join(" | ")}`);
} finally {
  await browser.close();
}
process.exit(failed > 0 ? 1 : 0);
