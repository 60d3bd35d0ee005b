// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "plumb/lab/experiment.h"

namespace plumb::lab {

/// An experiment that was run.
struct Finished {
  const Experiment* experiment = nullptr;
  Settings settings;
  Result result;
};

/// Everything in one JSON document (docs/lab.md has the schema). Numbers that are not finite are
/// null.
std::string lab_json(std::span<const Finished> finished);

}  // namespace plumb::lab
