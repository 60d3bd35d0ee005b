// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "plumb/zoo/peers/peer.h"

// Tools that judge the gradients of the parameters, the losses and the accuracies.
namespace plumb::zoo {

namespace {

std::vector<const PeerView::Layer*> linear_layers(const PeerView::Step& step) {
  std::vector<const PeerView::Layer*> linear;
  for (const PeerView::Layer& layer : step.layers) {
    if (layer.is_linear() && layer.grad_weight != nullptr) linear.push_back(&layer);
  }
  return linear;
}

bool is_bad(const Sketch* sketch) { return sketch != nullptr && sketch->nonfinite_count > 0; }

bool has_nonfinite_loss(const PeerView& view) {
  return std::ranges::any_of(view.run().steps,
                             [](const StepRecord& step) { return !std::isfinite(step.loss); });
}

}  // namespace

/// First over last norm of the kernels' gradients below 1e-3 and the first below 1e-4; above 70;
/// zeros in 70 % of all gradients; the accuracy swings by 0.03 in a fifth of the epochs; its
/// largest rise is below 0.01. The first three count only while no accuracy has reached 0.7. A
/// regression has none, so that its gate is open.
Symptoms auto_trainer(const PeerView& view) {
  Symptoms found;
  double best = 0, rise = 0;
  const auto& epochs = view.epochs();
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    if (std::isfinite(epochs[i].accuracy)) best = std::max(best, epochs[i].accuracy);
    if (i > 0) rise = std::max(rise, epochs[i].accuracy - epochs[i - 1].accuracy);
  }
  if (has_nonfinite_loss(view)) return {"explode"};
  const bool slow = epochs.size() > 1 && rise < 0.01;
  if (best < 0.7 || slow) {
    bool vanish = false, explode = false, dead = false;
    for (const PeerView::Step& step : view.steps()) {
      const auto linear = linear_layers(step);
      if (linear.empty()) continue;
      const double first = norm(*linear.front()->grad_weight);
      const double last = norm(*linear.back()->grad_weight);
      double zeros = 0, all = 0;
      for (const PeerView::Layer* layer : linear) {
        zeros += static_cast<double>(layer->grad_weight->zero_count);
        all += static_cast<double>(layer->grad_weight->count);
        explode |= is_bad(layer->grad_weight);
      }
      vanish |= first / last < 1e-3 && first < 1e-4;
      explode |= first / last > 70;
      dead |= zeros >= 0.7 * all;
    }
    if (dead) return {"relu"};
    if (explode) return {"explode"};
    if (vanish) return {"vanish"};
    if (slow) return {"not_converge"};
    return found;
  }
  std::size_t swings = 0;
  for (std::size_t i = 1; i + 1 < epochs.size(); ++i) {
    const double here = epochs[i].accuracy;
    swings += here - epochs[i - 1].accuracy >= 0.03 && here - epochs[i + 1].accuracy >= 0.03;
  }
  if (static_cast<double>(swings) >= 0.2 * static_cast<double>(epochs.size()) && swings > 0) {
    found.insert("unstable");
  }
  return found;
}

/// A NaN, an infinity or an exact zero in what a layer passes on or in a gradient's mean; a loss
/// that does not fall over the epochs.
Symptoms deep_localize(const PeerView& view) {
  Symptoms found;
  for (const PeerView::Step& step : view.steps()) {
    for (const PeerView::Layer& layer : step.layers) {
      for (const Sketch* sketch : {layer.output, layer.grad_weight, layer.weight}) {
        if (sketch == nullptr || sketch->count == 0) continue;
        if (is_bad(sketch) || sketch->zero_count == sketch->count) found.insert("numerical");
      }
    }
  }
  const auto& epochs = view.epochs();
  if (has_nonfinite_loss(view)) found.insert("numerical");
  if (epochs.size() > 1 && !(epochs.back().loss < epochs.front().loss))
    found.insert("not_learning");
  return found;
}

/// Inputs outside -1 .. 1; a NaN in the loss; validation loss up while training loss falls, from
/// one epoch to the next; a validation accuracy above 0.95 or above that of training. (Its check of
/// a missing softmax does not apply where the loss takes logits.)
Symptoms umlaut(const PeerView& view) {
  Symptoms found;
  if (!view.steps().empty() && view.run().info.layers.size() > 1) {
    const StepRecord& first = *view.steps().front().record;
    for (const SketchRecord& record : first.sketches) {
      const bool of_input = !record.site.is_of_parameter() && record.site.id == 0 &&
                            (record.site.role == Role::a || record.site.role == Role::z);
      if (of_input && record.sketch.abs_max > 1) found.insert("input_range");
    }
  }
  if (view.run().info.data_info) {
    for (const ColumnInfo& column : view.run().info.data_info->inputs) {
      if (column.smallest < -1 || column.largest > 1) found.insert("input_range");
    }
  }
  if (has_nonfinite_loss(view)) found.insert("nan_loss");
  const auto& epochs = view.epochs();
  for (std::size_t i = 1; i < epochs.size(); ++i) {
    if (epochs[i].validation_loss > epochs[i - 1].validation_loss &&
        epochs[i].loss <= epochs[i - 1].loss) {
      found.insert("overfitting");
    }
  }
  for (const PeerView::Epoch& epoch : epochs) {
    if (epoch.validation_accuracy > 0.95 || epoch.validation_accuracy > epoch.accuracy) {
      found.insert("high_validation");
    }
  }
  return found;
}

}  // namespace plumb::zoo
