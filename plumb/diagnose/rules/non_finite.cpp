// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/non_finite.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "plumb/diagnose/words.h"
#include "plumb/flow/layer_tree.h"
#include "plumb/flow/step_index.h"

namespace plumb {

namespace {

enum class Producer { input, weight, forward, loss, gradient, weight_gradient, update, unknown };

struct Origin {
  Producer producer = Producer::unknown;
  std::string path;
  Site site;
  const Sketch* sketch = nullptr;
};

bool broken(const Sketch* sketch) { return sketch != nullptr && sketch->nonfinite_count > 0; }

Origin origin(Producer producer, const std::string& path, Role role, const Sketch* sketch) {
  return {producer, path, {path, role, ""}, sketch};
}

/// The first producer in the order of computation, or nothing if all sketches are finite.
std::optional<Origin> first_producer(const LayerTree::Chain& order, const StepRecord& step) {
  const StepIndex index(step);
  if (const Sketch* x = index.find("input", Role::a); broken(x)) {
    return origin(Producer::input, "input", Role::a, x);
  }
  for (const LayerInfo* layer : order) {
    const Role role = output_role(*layer);
    const Sketch* y = index.find(layer->path, role);
    if (!broken(y)) continue;
    const Sketch* weight = index.find(layer->path, Role::weight);
    return broken(weight) ? origin(Producer::weight, layer->path, Role::weight, weight)
                          : origin(Producer::forward, layer->path, role, y);
  }
  if (!std::isfinite(step.loss))
    return Origin{.producer = Producer::loss, .path = "loss", .site = {}};
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    const LayerInfo& layer = **it;
    const Sketch* flow = index.find(layer.path, grad_role(layer));
    if (broken(flow)) return origin(Producer::gradient, layer.path, grad_role(layer), flow);
    const Sketch* of_weight = index.find(layer.path, Role::grad_weight);
    if (broken(of_weight)) {
      return origin(Producer::weight_gradient, layer.path, Role::grad_weight, of_weight);
    }
  }
  for (const Role role : {Role::update, Role::weight}) {
    for (const LayerInfo* layer : order) {
      const Sketch* sketch = index.find(layer->path, role);
      if (broken(sketch)) return origin(Producer::update, layer->path, role, sketch);
    }
  }
  for (const SketchRecord& record : step.sketches) {
    if (broken(&record.sketch)) {
      return Origin{Producer::unknown, record.site.path, record.site, &record.sketch};
    }
  }
  return std::nullopt;
}

struct LargestValue {
  Site site;
  double log2 = 0;
};

/// The largest magnitude anywhere in a step: what is about to overflow.
LargestValue largest_value(const StepRecord& step) {
  LargestValue largest{{}, -1e300};
  for (const SketchRecord& record : step.sketches) {
    const double log2 = record.sketch.true_log2_abs_max();
    if (std::isfinite(log2) && log2 > largest.log2) largest = {record.site, log2};
  }
  return largest;
}

std::string last_finite_text(const RunInfo& info, const StepRecord* before) {
  if (before == nullptr) return "It is there in the first measured step.";
  const LargestValue largest = largest_value(*before);
  return fmt::format(
      "At the last measured step before (step {}) all was finite; the largest value was {}, in {}.",
      before->step, size_text(largest.log2), site_text(info, largest.site));
}

std::string cause_of(const RunInfo& info, const Origin& at, const StepRecord* before,
                     bool loss_is_finite) {
  const std::string last_finite = last_finite_text(info, before);
  const std::string where = layer_text(info, at.path);
  switch (at.producer) {
    case Producer::input:
      return "The data themselves hold it; the network is not to blame. " + last_finite;
    case Producer::weight:
      return fmt::format(
                 "The weight of {} already held it when the step began: an earlier update broke "
                 "it. ",
                 where) +
             last_finite;
    case Producer::forward:
      return fmt::format(
                 "The input and the weight of {} are finite and its output is not: it is made "
                 "there, "
                 "by overflow or an undefined operation. ",
                 where) +
             last_finite;
    case Producer::loss:
      return "All outputs are finite and the loss is not: log(0), an overflow in exp, or a bad "
             "target. " +
             last_finite;
    case Producer::gradient:
    case Producer::weight_gradient:
      return fmt::format("The forward pass{} finite; the backward pass makes it at {}. ",
                         loss_is_finite ? " and the loss are" : " is", where) +
             last_finite;
    case Producer::update:
      return "Activations and gradients are finite; the optimiser makes it. " + last_finite;
    case Producer::unknown: break;
  }
  return last_finite;
}

std::vector<std::string> remedies_of(Producer producer) {
  switch (producer) {
    case Producer::input:
      return {"clean the data: drop or fill the samples that hold NaN or infinity"};
    case Producer::loss:
      return {"compute the loss from logits (log-sum-exp), not from probabilities",
              "check the targets", "lower the learning rate"};
    case Producer::update:
      return {"raise the optimiser's eps", "lower the learning rate", "clip the gradient's norm"};
    case Producer::forward:
    case Producer::weight:
    case Producer::gradient:
    case Producer::weight_gradient:
    case Producer::unknown: break;
  }
  return {"lower the learning rate, or warm it up", "clip the gradient's norm",
          "initialise with the critical gain of the activation (he_normal for relu)",
          "record every step around this one to see the growth before it"};
}

}  // namespace

void check_non_finite(const RunView& view, std::vector<Finding>& findings) {
  const LayerTree tree(view.run().info);
  const LayerTree::Chain order = tree.forward_order();
  const StepRecord* first = nullptr;
  const StepRecord* last = nullptr;
  const StepRecord* shown_by = nullptr;  // the first measured step that shows it
  const StepRecord* finite_before = nullptr;
  std::optional<Origin> at;
  for (const StepRecord& step : view.run().steps) {
    const auto found = step.measured ? first_producer(order, step) : std::nullopt;
    // NaN there says that nobody took the norm.
    const bool norm_overflowed = !step.measured && std::isinf(step.grad_norm);
    const bool sick = found || !std::isfinite(step.loss) || norm_overflowed;
    if (!sick) {
      if (first == nullptr && step.measured) finite_before = &step;
      continue;
    }
    if (first == nullptr) first = &step;
    last = &step;
    if (found && !at) {
      at = found;
      shown_by = &step;
    }
  }
  if (first == nullptr) return;

  const RunInfo& info = view.run().info;
  Finding finding;
  finding.rule = "non_finite";
  finding.severity = Severity::critical;
  finding.first_step = first->step;
  finding.last_step = last->step;
  if (at) {
    finding.path = at->path;
    const std::string where =
        at->producer == Producer::loss ? "the loss" : site_text(info, at->site);
    finding.symptom =
        fmt::format("The first non-finite value is in {} at step {}", where, shown_by->step);
    if (at->sketch != nullptr) {
      finding.symptom +=
          fmt::format(": {} of {} values", at->sketch->nonfinite_count, at->sketch->count);
      finding.evidence = {{"non-finite values in " + where,
                           static_cast<double>(at->sketch->nonfinite_count), 1,
                           "no healthy computation makes one"}};
    }
    finding.symptom += ".";
    finding.cause = cause_of(info, *at, finite_before, std::isfinite(shown_by->loss));
    finding.remedies = remedies_of(at->producer);
  } else {
    finding.symptom =
        fmt::format("The {} is not finite at step {}, which was not measured.",
                    std::isfinite(first->loss) ? "gradient norm" : "loss", first->step);
    finding.cause = finite_before == nullptr ? "No step around it was measured."
                                             : last_finite_text(info, finite_before);
    finding.remedies = remedies_of(Producer::unknown);
  }
  if (finding.evidence.empty()) {
    finding.evidence = {
        {"steps with a non-finite loss or gradient", 1, 1, "no healthy computation makes one"}};
  }
  if (first != shown_by && at) {
    finding.symptom +=
        fmt::format(" The loss was not finite from step {} on; steps in between were not measured.",
                    first->step);
  }
  finding.consequence =
      "A NaN spreads to everything that is computed from it: after the next update no weight is "
      "left to train.";
  findings.push_back(std::move(finding));
}

}  // namespace plumb
