// SPDX-License-Identifier: Apache-2.0
import { h } from "./dom";
import { nextTheme, setTheme, storedTheme } from "./theme";

/** Chooses the colours: as the browser has it, light, dark; `changed` draws what reads them from the style. */
export function themeSwitch(changed: () => void): HTMLElement {
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
    changed();
  });
  return button;
}
