// SPDX-License-Identifier: Apache-2.0
// node load.mjs CHROMIUM PLUMB GROWING_RUNS FOLDER [RUNS SECONDS]: the dashboard under load: RUNS runs (20) that grow four steps a
// second each, three clients of the event stream that stay and one that leaves every second and comes again, and a browser that
// has the page and one run open. Prints what of one core the server took, without and with the browser. Fails where a client
// missed a finding or the last row of a run, or where the browser stopped following.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Browser } from "../support/browser.mjs";

const [, , chromium, plumb, growingRuns, folder, runs = "20", seconds = "60"] = process.argv;
const kPerSecond = 4;
const steps = kPerSecond * Number(seconds);
rmSync(folder, { recursive: true, force: true });
mkdirSync(join(folder, "runs"), { recursive: true });
const model = join(folder, "model.plumb");
const trained = spawnSync(plumb, ["train", "20 x [dense 32 > sigmoid] > dense 10", "--data", "teacher?n=320&in=16&classes=10", "--no-check", "--steps", "40", "--record", "every=1", "-o", model]);
if (trained.status !== 0) throw new Error(`plumb train: ${trained.stderr}`);

let failed = 0;
const expect = (fine, what) => {
  if (fine) return;
  console.error(`FAILED: ${what}`);
  ++failed;
};
const firstLine = (stream) => new Promise((resolve) => createInterface({ input: stream }).once("line", resolve));
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const server = spawn(plumb, ["serve", join(folder, "runs"), "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] });
const address = await firstLine(server.stdout);
const cpu_s = () => {
  const words = readFileSync(`/proc/${server.pid}/stat`, "utf8").replace(/.*\)/, "").trim().split(" ");
  return (Number(words[11]) + Number(words[12])) / 100;
};

/** A client of the events; leaves after `leaves_ms` and comes again, where that is not 0. */
class Client {
  constructor(leaves_ms) {
    Object.assign(this, { leaves_ms, last: "", ids: [], rows: new Map(), findings: new Set(), visits: 0, over: false });
    this.visit();
  }
  visit() {
    if (this.over) return;
    ++this.visits;
    let text = "";
    this.request = get(`${address}events`, { headers: this.last ? { "Last-Event-ID": this.last } : {} }, (response) => {
      response.setEncoding("utf8");
      response.on("data", (more) => {
        const parts = (text + more).split("\n\n");
        text = parts.pop();
        parts.forEach((part) => this.take(part));
      });
      response.on("error", () => {});
    });
    this.request.on("error", () => {});
    if (this.leaves_ms > 0) {
      setTimeout(() => {
        this.request.destroy();
        setTimeout(() => this.visit(), 100);
      }, this.leaves_ms);
    }
  }
  take(part) {
    const value = (name) => new RegExp(`^${name}: (.*)$`, "m").exec(part)?.[1];
    if (!value("id")) return;
    this.last = value("id");
    this.ids.push(Number(this.last.split("-").at(-1)));
    const data = JSON.parse(value("data"));
    if (value("event") === "run") this.rows.set(data.name, data);
    if (value("event") === "finding") this.findings.add(`${data.name}: ${data.finding}`);
  }
  end() {
    this.over = true;
    this.request.destroy();
  }
}

const clients = [0, 0, 0, 1000].map((leaves_ms) => new Client(leaves_ms));
const writer = spawn(growingRuns, [model, join(folder, "runs"), runs, String(kPerSecond), String(steps)], { stdio: "inherit" });
const ended = new Promise((resolve) => writer.on("exit", resolve));
const measure = async (what, ms) => {
  const [begin, before] = [performance.now(), cpu_s()];
  await wait(ms);
  const share = (100 * (cpu_s() - before)) / ((performance.now() - begin) / 1000);
  console.log(`${what}: the server takes ${share.toFixed(1)} % of a core`);
  return share;
};
await wait(3000);
const third_ms = (Number(seconds) * 1000) / 3 - 2000;
const alone = await measure(`${runs} runs at ${kPerSecond} steps a second, 4 clients`, third_ms);
const browser = await Browser.start(chromium);
try {
  const page = await browser.open(address, { width: 1280, height: 1000 });
  expect(await page.until(`document.querySelectorAll(".runs tbody tr").length === ${runs}`), "the browser has a line for every run");
  await measure("and a browser with the table", third_ms / 2);
  await page.run(`document.querySelector(".runs tbody button").click()`);
  // A picture is drawn when it comes into sight.
  expect(await page.until(`(() => { const hero = document.getElementById("hero"); hero?.scrollIntoView(); return Boolean(hero?.querySelector("svg")); })()`), "a run opens");
  await measure("and a browser with the table and one run", third_ms);
  await ended;
  expect(await page.until(`[...document.querySelectorAll(".standing")].filter((one) => one.textContent === "finished").length >= ${runs}`, 60_000), "the browser sees every run end");
  expect(page.messages.length === 0, `a silent console, got ${page.messages.join(" | ")}`);
} finally {
  await browser.close();
}
const finished = (client) => client.rows.size === Number(runs) && [...client.rows.values()].every((row) => row.standing === "ended" && row.step === steps);
for (let i = 0; i < 100 && !clients.every(finished); ++i) await wait(200);
clients.forEach((client, i) => {
  expect(finished(client), `client ${i} has the last row of every run, got ${client.rows.size}`);
  expect(client.findings.size > 0 && [...clients[0].findings].every((one) => client.findings.has(one)), `client ${i} has every finding, got ${client.findings.size} of ${clients[0].findings.size}`);
  expect(client.ids.every((id, at) => at === 0 || id > client.ids[at - 1]), `client ${i} gets each event once, in order`);
  client.end();
});
console.log(`client 3 came ${clients[3].visits} times; ${clients[0].ids.length} events, ${clients[0].findings.size} findings`);
// Far above what it takes, so that a busy machine does not fail it; docs/serve.md has the figure.
expect(alone < 25, `the server takes a small part of a core, got ${alone.toFixed(1)} %`);
server.kill("SIGTERM");
process.exit(failed > 0 ? 1 : 0);
