// SPDX-License-Identifier: Apache-2.0
import { figure } from "../charts/chart";
import { insideLayerPanel, kInsideHeight } from "../charts/inside_layer";
import { partsAt } from "../charts/hero";
import type { Cursor } from "../cursor";
import { h } from "../dom";
import { decades, magnitude, percent } from "../format";
import { kCauseNames, layerName, pathText } from "../ledger";
import { stateOf, type Cause, type FlowColumn, type LayerId, type Run } from "../store";

/** One layer: what comes in and out, what its activation does to it, and its neighbours. */
export function layerView(run: Run, cursor: Cursor): HTMLElement {
  const facts = h("div", { class: "layer-facts" });
  const title = h("h3", {});
  const fill = () => {
    const place = run.profile[cursor.layer];
    if (!place) return;
    title.textContent = `${layerName(run, place.layer)}, ${pathText(run, place.layer)}, at step ${cursor.of(run)?.step ?? "none"}`;
    facts.replaceChildren(factsOf(run, cursor));
  };
  fill();
  const stop = cursor.onMove((moved) => {
    if (!facts.isConnected && moved === "run") stop();
    else fill();
  });
  const panels = run.spectra.some((one) => one.roles.z) ? [insideLayerPanel(run, cursor, "z"), insideLayerPanel(run, cursor, "a")] : [];
  const picture =
    panels.length > 0
      ? figure(
          "inside-layer",
          panels,
          "How large the values of the layer are, by powers of two. The curve is the slope of its activation at values of that size: " +
            "what lies where it is near zero hands on no gradient.",
          { height: kInsideHeight, cursor, follows: ["step", "layer"] },
        )
      : null;
  return h("section", { id: "layer-view", "aria-labelledby": "layer-title" }, h("h2", { id: "layer-title" }, "One layer"), h("div", { class: "sheet" }, title, facts), picture);
}

function factsOf(run: Run, cursor: Cursor): HTMLElement {
  const measured = cursor.of(run);
  const i = cursor.layer;
  const place = run.profile[i]!;
  const layer = run.layers[place.layer]!;
  const value = (column: FlowColumn) => {
    const state = measured ? stateOf(measured, column, i) : "absent";
    return state === "zero" ? "exactly zero" : state === "nonfinite" ? "NaN or ∞" : magnitude(measured?.flow[column][i]);
  };
  const activation = place.activation === null ? "" : (run.layers[place.activation]?.text ?? "");
  const parts = measured ? (Object.entries(partsAt(run, measured, i)) as [Cause, number][]).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])) : [];
  const readers = run.layers.flatMap((other, id) => (other.inputs.some((input) => input.from === place.layer) ? [id] : []));
  const rows: [string, string | HTMLElement][] = [
    ["gradient that arrives", value("grad_z")],
    ["gradient of its weight", value("grad_weight")],
    ["update to weight", value("update_ratio")],
    ["weights", value("weight")],
    ["hands on", value("a")],
    ["activation behind it", activation || "none"],
    ["flat elements", percent(measured?.flow.saturated_fraction[i])],
    ["dead units", percent(measured?.flow.dead_fraction[i])],
    ["units, fan in, fan out", `${layer.units}, ${layer.fan_in}, ${layer.fan_out}`],
    ["lost between the loss and here", parts.length > 0 ? parts.filter(([, v]) => Math.abs(v) >= 0.05).map(([cause, v]) => `${kCauseNames[cause]} ${decades(v)}`).join(", ") || "next to nothing" : "–"],
    ["reads", neighbours(run, layer.inputs.map((input) => input.from), cursor)],
    ["is read by", neighbours(run, readers, cursor)],
  ];
  return h("dl", { class: "about" }, ...rows.flatMap(([name, text]) => [h("dt", {}, name), h("dd", {}, text)]));
}

/** Those with weights open when they are pressed. */
function neighbours(run: Run, ids: readonly LayerId[], cursor: Cursor): HTMLElement {
  return h(
    "span",
    {},
    ...ids.flatMap((id, k) => {
      // What has no weights is seen through: the next one that has is what one can go to.
      let at = id;
      while (at > 0 && run.layers[at]?.family !== "linear" && run.layers[at]?.inputs.length === 1) at = run.layers[at]!.inputs[0]!.from;
      const i = run.profile.findIndex((place) => place.layer === (run.layers[id]?.family === "linear" ? id : at));
      const name = layerName(run, id);
      const one = i >= 0 ? h("button", { type: "button", class: "link", onclick: () => cursor.toLayer(i) }, name) : name;
      return k > 0 ? [", ", one] : [one];
    }),
    ids.length === 0 ? "nothing known" : null,
  );
}
