// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "plumb/record/run_info.h"

namespace plumb {

/// Makes the graph of somebody's network, for a Recorder to measure: layers in an order in which
/// they can be computed, what each reads, parameters and blocks.
///
///   RunBuilder run;
///   const LayerId x = run.add_input("x", 784);
///   const LayerId fc1 = run.add_layer("fc1", "Linear", LayerFamily::linear, {{x}});
///   const ParamId w1 = run.add_weight(fc1, "fc1.weight", {.outputs = 128, .inputs = 784});
///   const LayerId relu = run.add_layer("relu", "ReLU", LayerFamily::activation, {{fc1}});
///   run.layer(relu).traits = traits_of_relu;
///   run.info().loss = "cross_entropy";
///
/// What is not recorded stays unknown, and silences the rules that would need it; check_run() says
/// what that is.
///
/// Errors  UsageError naming the layer, block or parameter: an empty path or one that is taken, an
///         id that was not given out.
/// Threads Use one object from one thread.
class RunBuilder {
 public:
  /// Where data enters.
  LayerId add_input(const std::string& path, std::int64_t units = 0);
  LayerId add_layer(const std::string& path, const std::string& kind, LayerFamily family,
                    std::vector<Edge> inputs);
  /// With every fact that is known. Its depth is counted along its inputs (linear layers, up to and
  /// including it); without units, a layer that keeps the size of what it reads has those of its
  /// first input.
  LayerId add_layer(LayerInfo layer);
  BlockId add_block(const std::string& path, const std::string& kind = "",
                    BlockId parent = kNoBlock);
  ParamId add_param(ParamInfo param);

  /// The extents of a linear layer's weight: [outputs, inputs, taps], of a convolution within one
  /// of its groups.
  struct Extents {
    std::int64_t outputs = 0;
    std::int64_t inputs = 0;
    std::int64_t taps = 1;  ///< of a convolution: places under its window
  };
  /// The weight of a linear layer, whose fan_in, fan_out and, where they are not recorded, units
  /// follow from it: inputs * taps, outputs * taps, outputs.
  ParamId add_weight(LayerId layer, const std::string& path, const Extents& extents);
  /// The loss reads the layer's output. Without one it reads the last layer that no other reads.
  void add_output(LayerId layer);
  /// What is added from now on first appeared in that step: of a graph that grows.
  void set_step(std::int64_t step) { step_ = step; }

  /// To fill in what is known later.
  LayerInfo& layer(LayerId id);
  /// Never moves while the builder lives, and may grow.
  RunInfo& info() { return info_; }
  const RunInfo& info() const { return info_; }

 private:
  void require_layer(LayerId id, const std::string& who) const;

  RunInfo info_;
  std::int64_t step_ = 0;
};

}  // namespace plumb
