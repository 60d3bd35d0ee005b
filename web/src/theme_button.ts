// SPDX-License-Identifier: Apache-2.0
import { redraw } from "./charts/chart";
import { themeSwitch } from "./theme_switch";

/** The switch of a page with charts. */
export function themeButton(): HTMLElement {
  return themeSwitch(redraw);
}
