// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unordered_map>
#include <vector>

#include "plumb/store/database.h"
#include "plumb/store/graph_check.h"
#include "plumb/store/step_packing.h"

/// Steps in their tables. Private to store/.
namespace plumb::store {

/// The names of the kinds in table `layout`.
const char* to_string(RecordKind kind);

class StepInserter {
 public:
  explicit StepInserter(const Database& database);
  /// Within the caller's transaction. Without records a measured step is a thinned one: it was
  /// measured, and what it had is dropped to keep the file small.
  void insert(const PackedStep& step, bool with_records = true);

 private:
  Statement name_, layout_, step_, measurement_, histogram_;
  ColumnPacker packer_;
};

/// Reads the steps of one run, whole or in parts.
class StepSelector {
 public:
  explicit StepSelector(const Database& database);

  /// The metrics of up to `most` steps from `first` on, ascending.
  void metrics(std::int64_t first, std::size_t most, std::vector<StepRecord>& steps);
  /// Adds its records to a step that has its metrics; false if the file has none (any more).
  [[nodiscard]] bool records(StepRecord& step, bool histograms);
  /// The steps that have records, ascending.
  std::vector<std::int64_t> measured_steps();
  /// What the records read so far may name: the graph as it was when the last layout was read.
  const GraphSize& graph_size() const { return size_; }

 private:
  const KnownLayout& layout(std::int64_t id, RecordKind kind);
  void read_names();

  const Database* database_;
  GraphSize size_;
  Statement metrics_, measurement_, histogram_, measured_, layout_, names_from_;
  ColumnUnpacker unpacker_;
  Columns columns_;
  std::vector<std::string> names_;
  std::unordered_map<std::int64_t, KnownLayout> layouts_;
};

}  // namespace plumb::store
