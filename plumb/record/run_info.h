// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plumb/record/data_info.h"
#include "plumb/record/optimiser_info.h"
#include "plumb/record/param_info.h"
#include "plumb/record/site.h"

namespace plumb {

/// What a run is: fixed when it begins, but for a graph that grows.
struct RunInfo {
  std::string kind = "train";  ///< "train" or "probe"
  std::string network;         ///< the network string, presets written out
  std::string data;            ///< as given to --data
  std::string loss;
  std::string optimiser;            ///< "sgd", with its options in `settings`
  std::string precision = "float";  ///< of the weights: "float", "double", "float16", "bfloat16"
  std::uint64_t seed = 0;
  std::int64_t batch = 0;
  std::int64_t classes = 0;  ///< 0 for regression
  std::int64_t planned_steps = 0;
  int threads = 1;
  std::string plumb_version;
  std::string machine;     ///< CPU model, cores, instruction set
  std::string started_at;  ///< UTC, ISO 8601
  /// Everything that was asked, in order.
  std::vector<std::pair<std::string, std::string>> settings;

  /// What is known of the data, of the best constant answer and of the optimiser; absent where the
  /// producer does not know.
  std::optional<DataInfo> data_info;
  std::optional<Baseline> baseline;
  std::optional<OptimiserInfo> optimiser_info;

  /// The graph. A layer's place in the list is its id, and so is a block's and a parameter's.
  std::vector<LayerInfo> layers;
  std::vector<BlockInfo> blocks;
  std::vector<ParamInfo> params;
  /// The layers whose outputs the loss reads; none: the last layer that no other one reads.
  std::vector<LayerId> outputs;

  /// The network as it was asked for, where a preset is one word; `network` if that is not known.
  const std::string& title() const;
  /// `settings` say "gradients" = "float16": some values of gradients are the smallest number of
  /// that format, and none lies below.
  bool has_half_gradients() const;
  const LayerInfo& layer(LayerId id) const { return layers[static_cast<std::size_t>(id)]; }
  const ParamInfo& param(ParamId id) const { return params[static_cast<std::size_t>(id)]; }
  /// The first parameter of that use that the layer owns, or kNoParam. Linear in their number.
  ParamId find_param(LayerId owner, ParamUse use, bool reverse = false) const;
  /// "3/z", "fc1.weight/grad_weight": for people.
  std::string name_of(const Site& site) const;
};

/// How a run ended. A run file without one was cut off (or still runs).
struct RunEnd {
  std::string reason;  ///< "finished", "interrupted", "diverged"
  std::int64_t steps = 0;
  double time_s = 0;
};

}  // namespace plumb
