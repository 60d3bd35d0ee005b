// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "plumb/record/run.h"
#include "plumb/store/database.h"
#include "plumb/store/packing.h"

/// The INSERT statements of a run, prepared once. Private to store/.
namespace plumb::store {

class RunInserter {
 public:
  explicit RunInserter(const Database& database);
  void insert(const RunInfo& info);
  void insert(const PackedStep& step);
  void insert(const RunEnd& end);

 private:
  Statement info_, setting_, layer_, site_, step_, sketch_, activation_, join_, join_gate_,
      symmetry_, time_series_, end_;
};

/// Replaces the findings, within the caller's transaction.
void replace_findings(Database& database, std::span<const Finding> findings);

}  // namespace plumb::store
