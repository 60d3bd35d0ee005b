// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "plumb/core/view.h"
#include "plumb/nn/node.h"
#include "plumb/record/step_record.h"

namespace plumb {

/// Gathers what recurrent layers tell time step by time step into TimeRecords: the magnitude of
/// states, gradients and parts, and mean and flat ends of gates (of h too in a layer of the kind
/// "rnn", whose h is the output of a tanh; not where its text names another).
///
/// What is told in a forward pass belongs to the layer whose output comes next, what is told in a
/// backward pass to the layer whose gradient came last.
/// Errors  UsageError from finish() if no output came after what was told in a forward pass.
/// Speed   One pass over the values of each call; allocates at the first measured steps only.
class TimeRecorder {
 public:
  void begin();
  void tell(std::int64_t t, bool reverse, TimeQuantity quantity, ConstView values, int log2_scale);
  void on_output(const Node& node);
  void on_gradient(const Node& node);
  void finish(std::vector<TimeRecord>& records);

 private:
  struct Layer {
    const Node* node = nullptr;  ///< null while a forward pass has not told it yet
    bool reverse = false;
    std::int64_t time_steps = 0;
    std::int64_t units = 0;
    std::array<std::array<std::vector<float>, kTimeStatisticCount>, kTimeQuantityCount> series;
  };

  Layer& layer(bool reverse);

  std::vector<Layer> layers_;
  std::size_t used_ = 0;
  const Node* current_ = nullptr;  ///< of the backward pass; null in the forward pass
};

}  // namespace plumb
