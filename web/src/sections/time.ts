// SPDX-License-Identifier: Apache-2.0
import { figure } from "../charts/chart";
import { gateFlatPanel, gateMeanPanel, hasGates, hasShares, sharesPanel } from "../charts/gates";
import { timeFlowPanel, timeRange } from "../charts/timeflow";
import { timeHeatPanel } from "../charts/timeheat";
import { h } from "../dom";
import { decades, magnitude, plain } from "../format";
import type { Cursor } from "../cursor";
import { timeAt, timePlaces } from "../time";
import type { Run, TimeSummary } from "../store";

const kPartNames: Record<string, string> = {
  activation_derivative: "derivative of the activation",
  recurrent_weight_scale: "size of the recurrent weight",
  recurrent_weight_alignment: "direction of the recurrent weight",
  gate_carry: "the carry: what the direct way keeps",
  gate_paths: "the ways through the gates",
  recurrence: "the recurrence as a whole",
  from_above: "added by the layers above",
};

/** What happens to the gradient between the time steps of the recurrent layers; nothing for a run without them. */
export function throughTime(run: Run, cursor: Cursor): HTMLElement | null {
  const places = timePlaces([run]);
  if (places.length === 0) return null;
  const now = () => cursor.of(run);
  const range = () => timeRange(places);
  const options = { cursor, follows: ["step"] as const, named: true };
  const books = places.map((place) => ({ place, element: h("div", { class: "panel" }) }));
  const fill = () =>
    books.forEach(({ place, element }) => {
      const record = timeAt(place, now());
      element.replaceChildren(...(record ? summary(record.summary, now()!.step) : []));
    });
  fill();
  const stop = cursor.onMove((moved) => (moved === "run" ? stop() : fill()));
  const flow = figure(
    "time-flow",
    places.map((place) => timeFlowPanel(place, now, range)),
    "The gradient of the layer's state at each time step, on an axis of powers of ten. It starts at the last step on the " +
      "right and travels left: where the line falls, what happened early in the sequence has no part in learning.",
    { ...options, height: 320 },
  );
  flow.prepend(h("div", { class: "panels" }, ...books.map((book) => book.element)));
  const parts: (HTMLElement | null)[] = [h("h2", { id: "time-title" }, "How far back in time the gradient reaches"), flow];
  const gated = places.filter(hasShares);
  if (gated.length > 0) {
    parts.push(
      h("h3", {}, "Which gate keeps it"),
      figure(
        "time-shares",
        gated.map((place) => sharesPanel(place, now)),
        "Of what comes back from one time step to the one before, the share of each way, by the square of its size: the carry " +
          "hands it on directly, the other ways lead through the recurrent weights of one gate. A wide carry is a memory.",
        { ...options, height: 260 },
      ),
    );
  }
  if (hasGates(places)) {
    parts.push(
      h("h3", {}, gated.length > 0 ? "What the gates do" : "What the state does"),
      figure(
        "time-gates",
        places.flatMap((place) => [gateMeanPanel(place, now), gateFlatPanel(place, now)]),
        gated.length > 0
          ? "The mean of each gate over batch and units, and the share of its values in a flat end, where it learns next to nothing. " +
            "A forget gate of 0.5 halves what is remembered at every step; one near 1 keeps it."
          : "The mean of the state over batch and units, and the share of its values in a flat end of the activation, through which next to no gradient comes back.",
        { ...options, height: 260 },
      ),
    );
  }
  if (run.measured.length > 1) {
    parts.push(
      h("h3", {}, "How far back it reaches over the training"),
      figure(
        "time-heat",
        places.map((place) => timeHeatPanel(place, range, cursor)),
        "Each column is a step of the training, each row a time step, the first of the sequence at the bottom. Bright means much " +
          "gradient; rows that stay dark are moments that training never hears of.",
        { cursor, named: true, height: 320 },
      ),
    );
  }
  return h("section", { id: "time", "aria-labelledby": "time-title" }, ...parts);
}

function summary(one: TimeSummary, step: number): HTMLElement[] {
  const efold = one.steps_per_efold;
  const memory = one.memory_is_all ? "more than one percent all the way" : `below one percent after ${one.memory + 1} steps`;
  const speed =
    efold === null || Math.abs(efold) > 1e6 ? "level" : `${efold > 0 ? "falls" : "grows"} by e in ${plain(Math.abs(efold))} steps`;
  return [
    h(
      "p",
      {},
      `At step ${step}: over ${one.steps} time steps the gradient keeps `,
      h("strong", {}, magnitude(one.kept)),
      ` of its size: ${speed}, ${memory}.`,
      one.ends_because ? ` The books end: ${one.ends_because}.` : "",
      " By cause, in powers of ten:",
    ),
    h(
      "ul",
      { class: "parts" },
      ...Object.entries(one.parts)
        .filter(([, value]) => value !== null && Math.abs(value) > 0.02)
        .map(([name, value]) =>
          h("li", {}, h("span", { class: "name" }, kPartNames[name] ?? name), h("span", { class: "number" }, decades(value))),
        ),
    ),
  ];
}
