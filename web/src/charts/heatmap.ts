// SPDX-License-Identifier: Apache-2.0
import { heat } from "../heat";
import { magnitude } from "../format";
import type { Range } from "../scale";
import type { Run } from "../types";
import type { Panel } from "./chart";
import { heatOption, heatTable, type HeatChart } from "./heat_chart";

export function heatPanel(run: Run, range: Range): Panel {
  const { steps, layers, cells } = heat(run);
  const rows = layers.map((layer) => layer.label);
  const chart: HeatChart = { steps, rows, cells, step: "step", row: "layer", rowTicks: 14 };
  return {
    label: run.label,
    option: (look, width) => heatOption(chart, range, look, width),
    describe: () =>
      `Flow gradient of ${run.profile.length} layers over ${steps.length} measured steps, ` +
      `from ${magnitude(range.min)} to ${magnitude(range.max)}.`,
    table: () => heatTable(chart),
  };
}
