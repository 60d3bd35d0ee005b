// SPDX-License-Identifier: Apache-2.0
import "../style.css";
import "./serve.css";
import { h } from "../dom";
import { currentLook, setTheme, storedTheme } from "../theme";
import { themeSwitch } from "../theme_switch";
import { NewsList } from "./news";
import { RunsTable } from "./runs_table";
import type { News, Row, View } from "./types";
import { RunView } from "./view";

const kRest_ms = 250; // between two looks at the run that is open

// The token came in the address; every request has to name it.
const token = new URLSearchParams(location.search).get("token");
const ask = (path: string) => (token ? `${path}?token=${encodeURIComponent(token)}` : path);

setTheme(storedTheme());
let look = currentLook();
const state = h("p", { class: "connection", role: "status" }, "connecting");
const news = new NewsList((id) => open(id));
const table = new RunsTable((id) => open(id), () => look);
const view = new RunView(() => look, (id) => ask(`/runs/${id}/report`));
let wanted: number | null = null;
let asking = false;
let again = false;

function recolour(): void {
  look = currentLook();
  table.redraw();
  view.redraw();
}

function open(id: number): void {
  wanted = id;
  const name = table.row(id)?.name;
  if (name) history.replaceState(null, "", `${location.pathname}${location.search}#${encodeURIComponent(name)}`);
  void refresh();
}

/** What is open, as it is now; what happens meanwhile is asked for once more afterwards. */
async function refresh(): Promise<void> {
  if (wanted === null) return;
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  const id = wanted;
  try {
    const response = await fetch(ask(`/api/runs/${id}`));
    if (response.ok && wanted === id) view.show((await response.json()) as View);
    const other = view.pinnedId;
    if (other !== null) {
      const beside = await fetch(ask(`/api/runs/${other}`));
      if (beside.ok) view.repin((await beside.json()) as View);
    }
  } catch {
    // The event stream says that the server is away, and comes again by itself.
  }
  setTimeout(() => {
    asking = false;
    if (again) {
      again = false;
      void refresh();
    }
  }, kRest_ms);
}

const source = new EventSource(ask("/events"));
const on = (type: string, act: (data: unknown) => void) => source.addEventListener(type, (event) => act(JSON.parse((event as MessageEvent<string>).data)));
source.onopen = () => {
  state.textContent = "live";
  void refresh();
};
source.onerror = () => {
  state.textContent = "the server is away: trying again";
};
on("run", (data) => {
  const row = data as Row;
  table.set(row);
  if (wanted === null && location.hash.length > 1 && decodeURIComponent(location.hash.slice(1)) === row.name) open(row.id);
  else if (row.id === wanted) void refresh();
});
on("finding", (data) => news.add(data as News));
on("gone", (data) => {
  const { id } = data as { id: number };
  table.remove(id);
  if (id === wanted) {
    wanted = null;
    view.hide();
  }
});
on("reset", () => {
  table.clear();
  news.clear();
});

document.getElementById("app")!.replaceChildren(
  h("header", { class: "masthead" }, h("h1", {}, h("span", { class: "mark", "aria-hidden": "true" }), "plumb"), state, themeSwitch(recolour)),
  h("main", {}, table.element, view.element, news.element),
);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
