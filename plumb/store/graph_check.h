// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "plumb/record/run.h"
#include "plumb/store/record_columns.h"

/// That ids name what is there: whoever reads a run may use them as places in its lists. Checked
/// before anything is written, and again when it is read. Private to store/.
namespace plumb::store {

/// These return what is wrong, in words that follow a place; empty if nothing is.
std::string check_graph(const RunInfo& info);
std::string check_findings(const RunInfo& info, std::span<const Finding> findings);

/// How many there are of what a layout may name.
struct GraphSize {
  std::size_t layers = 0, blocks = 0, params = 0;
  static GraphSize of(const RunInfo& info) {
    return {info.layers.size(), info.blocks.size(), info.params.size()};
  }
  friend bool operator==(const GraphSize&, const GraphSize&) = default;
};
/// Of the layout of records of that kind; `sites` are those of a layout of sketches.
std::string check_layout(RecordKind kind, const Columns& keys, const GraphSize& size,
                         std::span<const Site> sites);

}  // namespace plumb::store
