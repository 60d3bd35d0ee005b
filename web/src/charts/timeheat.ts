// SPDX-License-Identifier: Apache-2.0
import type { Range } from "../scale";
import { timeHeat, type TimePlace } from "../time";
import type { Panel } from "./chart";
import { heatOption, heatTable, type HeatChart } from "./heat_chart";

export function timeHeatPanel(place: TimePlace, range: Range): Panel {
  const { steps, times, cells } = timeHeat(place);
  const rows = times.map(String);
  const chart: HeatChart = { steps, rows, cells, step: "step of the training", row: "time step", rowTicks: 10 };
  return {
    label: place.label,
    option: (look, width) => heatOption(chart, range, look, width),
    describe: () => `Gradient at ${times.length} time steps over ${steps.length} measured steps of the training.`,
    table: () => heatTable(chart),
  };
}
