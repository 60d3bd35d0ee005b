// SPDX-License-Identifier: Apache-2.0
import type { Cursor } from "../cursor";
import { percent, plain, power } from "../format";
import { decadeInterval, decadeRange, lastAtMost, thin } from "../scale";
import { runName, type Run, type Value } from "../store";
import { roundStep, Svg } from "../svg";
import { runDash, type Look } from "../theme";
import { kLane, kLaneGap } from "./axes";
import type { Frame, Panel } from "./chart";
import { stepAxis } from "./speed";

export type Metric = "loss" | "accuracy";

export function has(runs: readonly Run[], metric: Metric): boolean {
  return runs.some((run) => run.series[metric].some((value) => value !== null));
}

interface Line {
  run: Run;
  validation: boolean;
  steps: readonly number[];
  values: readonly Value[];
}

function linesOf(runs: readonly Run[], metric: Metric): Line[] {
  return runs.flatMap((run) => {
    const lines: Line[] = [{ run, validation: false, steps: run.series.step, values: run.series[metric] }];
    const validation = run.series.validation.filter((v) => v[metric] !== null);
    if (validation.length > 0) lines.push({ run, validation: true, steps: validation.map((v) => v.step), values: validation.map((v) => v[metric]) });
    return lines;
  });
}

/** Exponential mean with that memory in points, corrected for its start; gaps stay gaps. */
export function smooth(values: readonly Value[], memory: number): Value[] {
  if (memory <= 1) return [...values];
  const keep = 1 - 1 / memory;
  let mean = 0;
  let weight = 0;
  return values.map((value) => {
    if (value === null) return null;
    mean = keep * mean + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return mean / weight;
  });
}

/** All runs in one chart: the curves are few, and what matters is the difference. Training is a line, validation has dots. */
export function metricPanel(runs: readonly Run[], metric: Metric, cursor: Cursor, memory: () => number): Panel {
  const format = metric === "loss" ? plain : percent;
  const lines = () => linesOf(runs, metric);
  const name = (line: Line) => `${runs.length > 1 ? `${line.run.letter} ` : ""}${line.validation ? "validation" : "training"}`;
  const read = (step: number) => [
    `step ${Math.round(step)}`,
    ...lines().map((line) => `${name(line)} ${line.steps.length > 0 ? format(line.values[lastAtMost(line.steps, step)]) : "–"}`),
  ];
  return {
    label: metric === "loss" ? "Loss" : "Accuracy",
    along: "step",
    draw: (place, look, width, height) => draw(place, lines(), metric, memory(), runs.length > 1, look, width, height),
    describe: () =>
      lines()
        .map((line) => {
          const there = line.values.flatMap((value, i) => (value === null ? [] : [i]));
          const first = there[0];
          const last = there[there.length - 1];
          const who = `${runs.length > 1 ? `${runName(line.run, runs.length)}, ` : ""}${line.validation ? "validation" : "training"}`;
          if (first === undefined || last === undefined) return `${who}: none of it is a number.`;
          const ends = last < line.values.length - 1 && !line.validation ? `; not a number from step ${line.steps[last + 1]} on` : "";
          return `${who}: ${metric} from ${format(line.values[first])} at step ${line.steps[first]} to ${format(line.values[last])} at step ${line.steps[last]}${ends}.`;
        })
        .join(" "),
    read: () => read(cursor.step ?? 0).join(", "),
    at: (step) => read(step),
    table: () => ({
      head: ["run", "step", `training ${metric}`, `validation ${metric}`],
      rows: runs.flatMap((run) =>
        thin(run.series.step.length, 50).map((i) => [
          runName(run, runs.length),
          String(run.series.step[i]),
          format(run.series[metric][i]),
          format(run.series.validation.find((v) => v.step === run.series.step[i])?.[metric]),
        ]),
      ),
    }),
  };
}

function draw(place: HTMLElement, lines: readonly Line[], metric: Metric, memory: number, many: boolean, look: Look, width: number, height: number): Frame {
  const numbers = lines.flatMap((line) => line.values).filter((v): v is number => v !== null);
  const positive = numbers.filter((v) => v > 0);
  const log = metric === "loss" && positive.length > 1 && Math.max(...positive) / Math.min(...positive) > 50;
  const to10 = (v: Value) => (v === null || v <= 0 ? null : Math.log10(v));
  const plainRange = linear(numbers, metric);
  const range = log ? decadeRange(positive.map(Math.log10), 1) : plainRange;
  const broken = metric === "loss" && lines.some((line) => !line.validation && line.values.some((v) => v === null));
  const zeros = log && numbers.some((v) => v <= 0);
  const steps = lines.flatMap((line) => [line.steps[0] ?? 0, line.steps[line.steps.length - 1] ?? 0]);
  const from = Math.min(...steps);
  const to = Math.max(...steps, from + 1);
  const [left, right, top, bottom] = [56, width - (many ? 40 : 78), 12, height - 42];
  const above = top + (broken ? kLane + kLaneGap : 0);
  const below = bottom - (zeros ? kLane + kLaneGap : 0);
  const x = (step: number) => left + 8 + ((step - from) / (to - from)) * (right - left - 16);
  const y = (v: number) => above + ((range.max - v) / (range.max - range.min)) * (below - above);
  const svg = new Svg(width, height, look.font);
  const tick = log ? decadeInterval(range, 5) : plainRange.tick;
  const count = Math.floor((range.max - range.min) / tick + 1e-9);
  for (let k = 0; k <= count; ++k) {
    const at = (Math.ceil(range.min / tick - 1e-9) + k) * tick;
    if (at > range.max + tick * 1e-9) break;
    svg.line(left, y(at), right, y(at), look.line);
    svg.text(left - 7, y(at) + 4, log ? power(at || 0) : metric === "loss" ? plain(Number(at.toPrecision(6))) : percent(at), look.faint, { "text-anchor": "end" });
  }
  const lane = (middle: number, name: string) => {
    svg.add("rect", { x: left, y: middle - kLane / 2, width: right - left, height: kLane, fill: look.lane });
    svg.text(left - 7, middle + 4, name, look.faint, { "text-anchor": "end" });
  };
  if (broken) lane(above - kLaneGap - kLane / 2, "NaN, ∞");
  if (zeros) lane(below + kLaneGap + kLane / 2, "0");
  const labels: { x: number; y: number; text: string; colour: string }[] = [];
  for (const line of lines) {
    const colour = many ? look.runs[line.run.place % look.runs.length]! : line.validation ? look.param : look.flow;
    const values = line.validation ? [...line.values] : smooth(line.values, memory);
    const point = (value: Value, i: number): [number, number] | null => {
      const at = log ? to10(value) : value;
      return at === null ? null : [x(line.steps[i]!), y(at)];
    };
    const points = values.map(point);
    // What was smoothed stays in sight, pale.
    if (memory > 1 && !line.validation) svg.path(line.values.map(point), colour + "40", 1);
    svg.path(points, colour, line.validation ? 1.4 : 2, many ? runDash(line.run.place) : undefined);
    if (line.validation) for (const one of points) if (one) svg.add("circle", { cx: one[0], cy: one[1], r: 3, fill: look.surface, stroke: colour, "stroke-width": 1.6 });
    if (!line.validation) {
      line.values.forEach((value, i) => {
        if (value === null && broken) svg.add("circle", { cx: x(line.steps[i]!), cy: above - kLaneGap - kLane / 2, r: 3, fill: colour });
        if (zeros && value !== null && value <= 0) svg.add("circle", { cx: x(line.steps[i]!), cy: below + kLaneGap + kLane / 2, r: 3, fill: colour });
      });
    }
    const last = [...points].reverse().find((one) => one);
    if (last && (!many || !line.validation)) labels.push({ x: last[0], y: last[1], text: many ? line.run.letter : line.validation ? "validation" : "training", colour });
  }
  // A line that ends early is named where it ends; those that reach the end stand beside it, pushed apart.
  const early = labels.filter((label) => label.x < right - 24);
  const late = labels.filter((label) => label.x >= right - 24).sort((a, b) => a.y - b.y);
  late.forEach((label, k) => {
    const before = late[k - 1];
    if (before && label.y < before.y + 13) label.y = before.y + 13;
  });
  const over = Math.max(0, (late[late.length - 1]?.y ?? 0) - bottom);
  const write = (x0: number, y0: number, label: (typeof labels)[number]) =>
    svg.text(x0, y0, label.text, label.colour, { "font-weight": 700, "font-size": 12, stroke: look.surface, "stroke-width": 3, "paint-order": "stroke" });
  for (const label of late) write(right + 4, label.y + 4 - over, label);
  for (const label of early) write(label.x + 5, label.y - 6, label);
  stepAxis(svg, x, from, to, left, right, bottom, height, look);
  place.replaceChildren(svg.element);
  return { top, bottom, x, value: (at) => from + ((at - left - 8) / (right - left - 16)) * (to - from) };
}

/** A range whose ends and ticks are round; accuracies go from 0 to 1. */
export function linear(numbers: readonly number[], metric: Metric): { min: number; max: number; tick: number } {
  if (metric === "accuracy") return { min: 0, max: 1, tick: 0.25 };
  const min = Math.min(0, ...numbers);
  const max = Math.max(...numbers, min + 1e-9);
  const tick = roundStep(max - min, 5.5);
  return { min: Math.floor(min / tick) * tick, max: Math.ceil((max / tick) * (1 - 1e-12)) * tick, tick };
}
