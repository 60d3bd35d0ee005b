// SPDX-License-Identifier: Apache-2.0
import { refit } from "./charts/chart";

/** Paper is light and has a width of its own: the charts are drawn again for it before the browser lays out
 * the pages, and as they were afterwards. */
export function followPrinting(): void {
  const root = document.documentElement;
  addEventListener("beforeprint", () => {
    root.classList.add("printing");
    refit();
  });
  addEventListener("afterprint", () => {
    root.classList.remove("printing");
    refit();
  });
}
