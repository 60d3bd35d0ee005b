// SPDX-License-Identifier: Apache-2.0
import { redraw } from "./charts/chart";
import { h } from "./dom";
import { nextTheme, setTheme, storedTheme } from "./theme";

/** Chooses the colours: as the browser has it, light, dark. */
export function themeButton(): HTMLElement {
  let theme = storedTheme();
  const names = { auto: "Auto", light: "Light", dark: "Dark" };
  const button = h("button", { type: "button", class: "theme" });
  const label = () => {
    button.textContent = `Colours: ${names[theme]}`;
  };
  label();
  button.addEventListener("click", () => {
    theme = nextTheme(theme);
    setTheme(theme);
    label();
    redraw();
  });
  return button;
}
