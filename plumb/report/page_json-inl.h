// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "plumb/flow/ledger.h"
#include "plumb/report/layer_lines.h"

#include <nlohmann/json.hpp>

/// The pieces of report_json, each in its source. Private to report/.
namespace plumb::page {

using Json = nlohmann::ordered_json;

Json number(double value);   ///< null where it is not finite, as of all of these
Json rounded(double value);  ///< to 4 decimals
Json log10_of(double log2_value);
/// Of what is drawn on an axis of decades: a thousandth is less than a pixel.
Json drawn_log10(double log2_value);
Json drawn_fraction(double value);
Json id_json(std::int32_t id);  ///< null for none

/// The lines of the chain, which the charts join from layer to layer, and those beside it.
struct SplitLines {
  std::vector<LayerLine> chain, beside;
};
SplitLines split_lines(std::vector<LayerLine> lines);

/// One measured step; of each sequence at most so many points.
Json measured_json(const LayerGraph& graph, const StepRecord& step, std::size_t time_points);
Json ledger_json(const Ledger& ledger);
/// The histograms of one step: magnitudes by powers of two of every line, and what number formats
/// would lose of them; null where the step has none (docs/report.schema.json, Spectrum).
Json spectrum_json(const LayerGraph& graph, const StepRecord& step);
Json time_json(const RunInfo& info, const StepRecord& step, const TimeRecord& record,
               std::size_t points);

}  // namespace plumb::page
