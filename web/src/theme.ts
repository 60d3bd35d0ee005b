// SPDX-License-Identifier: Apache-2.0
// Colours live in style.css alone; charts read them from there, so that both themes agree.
import { causeVariable, kCauses } from "./ledger";
import type { Cause } from "./store";

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
  axis: string;
  lane: string; // the ground of a lane for zeros and what is not a number
  runs: string[]; // of the runs A to H
  formats: string[]; // of the number formats, in the order of spectrum.ts
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
    axis: get("axis"),
    lane: get("lane"),
    runs: Array.from("abcdefgh", (letter) => get(`run-${letter}`)),
    formats: [get("run-b"), get("run-a"), get("run-c"), get("run-d")],
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

/** The dashes of the runs A to H: with the colours, so that lines are told apart without them too. */
export const kRunDashes: readonly (readonly number[])[] = [
  [], [9, 4], [2, 3], [12, 3, 2, 3], [5, 2], [14, 4, 4, 4], [1, 4], [8, 3, 2, 3, 2, 3],
];

export function runDash(place: number): string | undefined {
  const dash = kRunDashes[place % kRunDashes.length]!;
  return dash.length > 0 ? dash.join(" ") : undefined;
}
