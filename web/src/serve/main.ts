// SPDX-License-Identifier: Apache-2.0
import "../style.css";
import "./serve.css";
import { redraw } from "../charts/chart";
import { h } from "../dom";
import { followLinks } from "../links";
import { currentLook, setTheme, storedTheme } from "../theme";
import { themeSwitch } from "../theme_switch";
import { NewsList } from "./news";
import { RunsTable } from "./runs_table";
import type { News, Row } from "./types";
import { RunView } from "./view";

// The token came in the address; every request has to name it.
const token = new URLSearchParams(location.search).get("token");
const ask = (path: string) => (token ? `${path}${path.includes("?") ? "&" : "?"}token=${encodeURIComponent(token)}` : path);

setTheme(storedTheme());
let look = currentLook();
const state = h("p", { class: "connection", role: "status" }, "connecting");
const news = new NewsList((id) => open(id));
const table = new RunsTable((id) => open(id), () => look);
const view = new RunView({ report: (id) => ask(`/runs/${id}/report`), data: (id, after) => ask(`/api/runs/${id}/report?after=${after}`) });
let wanted: number | null = null;

function recolour(): void {
  look = currentLook();
  table.redraw();
  redraw();
}

function open(id: number): void {
  const row = table.row(id);
  if (!row) return;
  wanted = id;
  history.replaceState(null, "", `${location.pathname}${location.search}#${encodeURIComponent(row.name)}`);
  view.show(row);
}

const kAgain_ms = 2000;
const acts = new Map<string, (data: unknown) => void>();
const on = (type: string, act: (data: unknown) => void) => acts.set(type, act);
let last = "";

/** A browser comes again by itself where the connection breaks, but not after a refusal (too many streams, say). */
function listen(): void {
  const source = new EventSource(ask(last ? `/events?last=${encodeURIComponent(last)}` : "/events"));
  source.onopen = () => {
    state.textContent = "live";
  };
  source.onerror = () => {
    state.textContent = "the server is away: trying again";
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, kAgain_ms);
  };
  for (const [type, act] of acts) {
    source.addEventListener(type, (event) => {
      const { data, lastEventId } = event as MessageEvent<string>;
      if (lastEventId) last = lastEventId;
      act(JSON.parse(data));
    });
  }
}

on("run", (data) => {
  const row = data as Row;
  table.set(row);
  if (wanted === null && location.hash.length > 1 && decodeURIComponent(location.hash.slice(1)) === row.name) open(row.id);
  else view.changed(row);
});
on("finding", (data) => news.add(data as News));
on("gone", (data) => {
  const { id } = data as { id: number };
  table.remove(id);
  if (id !== wanted) return;
  wanted = null;
  view.hide();
});
// Another server numbers the runs anew; the name in the address opens the same one again.
on("reset", () => {
  table.clear();
  news.clear();
  wanted = null;
  view.hide();
});

document.getElementById("app")!.replaceChildren(
  h("header", { class: "masthead" }, h("h1", {}, h("span", { class: "mark", "aria-hidden": "true" }), "plumb"), state, themeSwitch(recolour)),
  h("main", {}, table.element, news.element, view.element),
);
listen();
followLinks();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
