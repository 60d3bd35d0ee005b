// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <numbers>

#include "plumb/flow/step_index.h"
#include "plumb/zoo/peers/peer.h"

namespace plumb::zoo {

double mean_magnitude(const Sketch& sketch) {
  return std::exp2(sketch.true_log2_rms()) * std::sqrt(2 / std::numbers::pi);
}

double norm(const Sketch& sketch) {
  return std::exp2(sketch.true_log2_rms()) * std::sqrt(static_cast<double>(sketch.finite_count()));
}

PeerView::PeerView(const Run& run) : run_(run) {
  const RunInfo& info = run.info;
  for (const StepRecord* record : run.measured()) {
    Step step{record, {}};
    for (LayerId id = 0; id < static_cast<LayerId>(info.layers.size()); ++id) {
      Layer layer;
      layer.id = id;
      layer.info = &info.layer(id);
      if (layer.info->family == LayerFamily::input) continue;
      for (const Role role : {Role::z, Role::a}) {
        if (const Sketch* found = record->find(Site::layer(id, role))) layer.output = found;
      }
      for (const Role role : {Role::grad_z, Role::grad_a}) {
        if (const Sketch* found = record->find(Site::layer(id, role))) layer.grad_output = found;
      }
      const ParamId param = info.find_param(id, ParamUse::weight);
      if (param != kNoParam) {
        layer.weight = record->find(Site::param(param, Role::weight));
        layer.grad_weight = record->find(Site::param(param, Role::grad_weight));
        layer.update = record->find(Site::param(param, Role::update));
      }
      step.layers.push_back(layer);
    }
    steps_.push_back(std::move(step));
  }
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  Epoch epoch{0, 0, kNone, kNone};
  double count = 0;
  for (std::size_t i = 0; i < run.steps.size(); ++i) {
    const StepRecord& step = run.steps[i];
    epoch.loss += step.loss;
    epoch.accuracy += step.accuracy;
    ++count;
    if (step.validation_loss) epoch.validation_loss = *step.validation_loss;
    if (step.validation_accuracy) epoch.validation_accuracy = *step.validation_accuracy;
    if (i + 1 < run.steps.size() && run.steps[i + 1].epoch == step.epoch) continue;
    epoch.loss /= count;
    epoch.accuracy /= count;
    epochs_.push_back(epoch);
    epoch = {0, 0, kNone, kNone};
    count = 0;
  }
}

}  // namespace plumb::zoo
