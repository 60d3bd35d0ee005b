// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from "./cursor";
import { h } from "./dom";

const kFrame = 140; // ms for a step while it plays

/** The bar that stays in sight: which step and which layer all charts show, play and zoom. */
export function controls(cursor: Cursor): HTMLElement {
  const name = () => (cursor.place === 0 && cursor.step === 0 ? "step 0, at the start" : `step ${cursor.step}`);
  const bar = h("div", { class: "steps", role: "group", "aria-label": "Step and layer of all charts" });
  const refresh: (() => void)[] = [];
  const button = (text: string, title: string, act: () => void) =>
    h("button", { type: "button", "aria-label": title, title, onclick: act }, text);

  if (cursor.steps.length > 1) {
    const output = h("output", { for: "step" });
    const slider = h("input", { id: "step", type: "range", min: 0, max: cursor.steps.length - 1, "aria-label": "Measured step" });
    slider.addEventListener("input", () => cursor.toPlace(Number(slider.value)));
    let playing: ReturnType<typeof setInterval> | undefined;
    const play = button("▶", "Play the training", () => {
      if (playing !== undefined) return stop();
      if (cursor.place === cursor.steps.length - 1) cursor.toPlace(0);
      playing = setInterval(() => {
        if (cursor.place === cursor.steps.length - 1) stop();
        else cursor.toPlace(cursor.place + 1);
      }, kFrame);
      label();
    });
    const label = () => {
      play.textContent = playing === undefined ? "▶" : "❚❚";
      play.setAttribute("aria-label", playing === undefined ? "Play the training" : "Stop playing");
    };
    const stop = () => {
      clearInterval(playing);
      playing = undefined;
      label();
    };
    bar.append(
      output,
      button("‹", "Previous measured step", () => cursor.toPlace(cursor.place - 1)),
      slider,
      button("›", "Next measured step", () => cursor.toPlace(cursor.place + 1)),
      play,
    );
    refresh.push(() => {
      slider.max = String(cursor.steps.length - 1);
      slider.value = String(cursor.place);
      output.textContent = name();
      slider.setAttribute("aria-valuetext", name());
    });
  } else if (cursor.steps.length === 1) {
    bar.append(h("span", { class: "once" }, `Measured once, at ${name()}.`));
  }
  const count = cursor.run.profile.length;
  if (count > 1) {
    const layer = h("input", { type: "number", id: "layer", min: 1, max: count });
    layer.addEventListener("change", () => {
      cursor.toLayer(Number(layer.value) - 1);
      layer.value = String(cursor.layer + 1);
    });
    bar.append(h("label", { for: "layer" }, "layer"), layer, h("span", { class: "of" }, `of ${count}`));
    refresh.push(() => {
      layer.value = String(cursor.layer + 1);
    });
    if (count > 8) {
      const less = button("−", "Show more layers", () => cursor.zoom(false));
      bar.append(button("+", "Show fewer layers, around this one", () => cursor.zoom(true)), less);
      refresh.push(() => {
        less.disabled = !cursor.isZoomed;
      });
    }
  }
  const all = () => refresh.forEach((one) => one());
  all();
  cursor.onMove(all);
  return bar;
}
