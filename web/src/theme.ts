// SPDX-License-Identifier: Apache-2.0
// Colours live in style.css alone; charts read them from there, so that both themes agree.
import { causeVariable, kCauses } from "./ledger";
import type { Cause } from "./types";

export interface Look {
  ink: string;
  faint: string;
  line: string;
  surface: string;
  flow: string;
  param: string;
  act: string;
  theory: string;
  alarm: string;
  runs: string[];
  ramp: string[]; // little to much
  cause: Record<Cause, string>;
  gate: Record<string, string>; // by the name of the quantity; the way through a gate is named as the gate
  font: string;
}

export function currentLook(): Look {
  const style = getComputedStyle(document.documentElement);
  const get = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: get("ink"),
    faint: get("faint"),
    line: get("line"),
    surface: get("surface"),
    flow: get("flow"),
    param: get("param"),
    act: get("act"),
    theory: get("theory"),
    alarm: get("alarm"),
    runs: [get("run-a"), get("run-b")],
    ramp: get("ramp").split(/\s+/),
    cause: Object.fromEntries(kCauses.map((cause) => [cause, get(causeVariable(cause))])) as Record<Cause, string>,
    gate: {
      h: get("flow"),
      carry: get("flow"),
      input_gate: get("cause-derivative-alignment"),
      forget_gate: get("cause-weight-alignment"),
      cell_gate: get("cause-residual-shortcut"),
      output_gate: get("cause-residual-branch"),
      reset_gate: get("cause-activation-derivative"),
      update_gate: get("cause-weight-alignment"),
      new_gate: get("cause-residual-shortcut"),
    },
    font: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif",
  };
}

const kThemes = ["auto", "light", "dark"] as const;
type Theme = (typeof kThemes)[number];

export function setTheme(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

// Storage is refused to pages from file:// in some browsers; the choice then lasts as long as the page.
export function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem("plumb-theme");
    return kThemes.find((theme) => theme === stored) ?? "auto";
  } catch {
    return "auto";
  }
}

export function nextTheme(theme: Theme): Theme {
  const next = kThemes[(kThemes.indexOf(theme) + 1) % kThemes.length] ?? "auto";
  try {
    localStorage.setItem("plumb-theme", next);
  } catch {
    // see storedTheme
  }
  return next;
}
