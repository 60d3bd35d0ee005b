// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/standstill.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace plumb {

namespace {

constexpr double kNothing = -std::numeric_limits<double>::infinity();
/// A usual update is a thousandth of the weight.
constexpr double kUsualPaceLog2 = -9.966;
/// A rate above this is advice for nobody: the gradient is too small, not the rate.
constexpr double kLargestRateLog2 = 3.32;

const LayerPace* fastest_of(const MeasuredStep& step) {
  const auto it = std::max_element(
      step.paces.begin(), step.paces.end(),
      [](const LayerPace& a, const LayerPace& b) { return a.log2_learning < b.log2_learning; });
  return it == step.paces.end() ? nullptr : &*it;
}

/// The run as a row of measured steps, each with those that follow it unmeasured.
struct Movement {
  const MeasuredStep* fastest = nullptr;  ///< the step in which the fastest layer was fastest
  const LayerPace* pace = nullptr;        ///< that layer
  double moved = 0;                       ///< of its weight, in all
  int telling = 0;
  bool is_finite = true;

  double top() const { return pace == nullptr ? kNothing : pace->log2_learning; }
};

Movement movement_from(const std::vector<MeasuredStep>& steps, std::size_t first) {
  Movement movement;
  for (std::size_t i = first; i < steps.size(); ++i) {
    const LayerPace* pace = fastest_of(steps[i]);
    movement.is_finite = movement.is_finite && std::isfinite(steps[i].loss);
    if (pace == nullptr) continue;
    ++movement.telling;
    const auto gap =
        i + 1 < steps.size() ? static_cast<double>(steps[i + 1].step - steps[i].step) : 1.0;
    movement.moved += std::exp2(pace->log2_learning) * gap;
    if (movement.pace == nullptr || pace->log2_learning > movement.top()) {
      movement.fastest = &steps[i];
      movement.pace = pace;
    }
  }
  return movement;
}

/// What a network that has learned nothing has; NaN where that is not known.
double unlearned_loss(const RunInfo& info) {
  if (info.baseline && std::isfinite(info.baseline->loss)) return info.baseline->loss;
  const bool entropy = info.loss == "cross_entropy" && info.classes > 1;
  return entropy ? std::log(static_cast<double>(info.classes))
                 : std::numeric_limits<double>::quiet_NaN();
}

/// It has had its steps, and is no better than an answer that does not look at the input.
bool has_not_learned(const Learning& learning) {
  return learning.known && learning.has_baseline && !learning.learns &&
         learning.steps >= Learning::kEnoughSteps;
}

/// Of the last measured steps: a single batch is a noisy witness.
double loss_at_end(const std::vector<MeasuredStep>& steps) {
  const std::size_t count = std::min<std::size_t>(3, steps.size());
  double sum = 0;
  for (std::size_t i = steps.size() - count; i < steps.size(); ++i) sum += steps[i].loss;
  return sum / static_cast<double>(count);
}

bool has_learned_before(const RunView& view) {
  const double unlearned = unlearned_loss(view.info());
  return view.measured().front().loss < 0.5 * unlearned;
}

struct Blame {
  CauseKind kind = CauseKind::small_rate;
  std::vector<Fact> facts;
  std::vector<Remedy> remedies;
};

Remedy of(RemedyKind kind) { return {kind, {}, {}, {}}; }

Remedy look_at(const char* what) { return {RemedyKind::look_closer, {}, {{"at", what}}, {}}; }

/// How much of the way, in log2, a hindrance took from the update.
struct Hindrances {
  double clip = 0, clip_value = 0, eps = 0, warm_up = 0;
};

Hindrances hindrances(const OptimiserInfo& optimiser, const MeasuredStep& step,
                      const LayerPace& pace, std::int64_t last_step) {
  Hindrances found;
  const double gradient = pace.log2_gradient;  // clipped by norm
  if (!optimiser.is_adaptive()) {
    found.clip = -std::log2(step.clip_factor);
    if (optimiser.clip_value > 0) {
      found.clip_value = std::max(0.0, gradient - std::log2(optimiser.clip_value));
    }
  } else if (optimiser.eps > 0 && std::isfinite(gradient)) {
    // sqrt(v) is about the gradient's own size.
    const double by_eps = std::max(0.0, std::log2(optimiser.eps) - gradient);
    const double lost = std::log2(step.learning_rate) - pace.log2_step;
    const double clip = -std::log2(step.clip_factor);
    if (lost > 2) {
      found.clip = std::min(by_eps, clip);
      found.eps = std::max(0.0, by_eps - clip);
    }
  }
  const bool warms = optimiser.warmup_steps > last_step + 1;
  if (warms) found.warm_up = std::log2(optimiser.learning_rate / step.learning_rate);
  return found;
}

/// It learns still or has not begun to, and an eps far above its gradients keeps it from learning
/// sooner.
bool is_slowed_by_eps(const RunView& view, const Movement& movement, const Learning& learning) {
  const bool has_more_to_learn = learning.known && learning.has_baseline && learning.ends_finite &&
                                 !learning.reached && !learning.lost &&
                                 !(learning.learns && learning.flat) &&
                                 learning.steps >= Learning::kEnoughSteps;
  const std::optional<OptimiserInfo>& optimiser = view.info().optimiser_info;
  if (!has_more_to_learn || !optimiser || std::isinf(movement.top())) return false;
  const Hindrances found =
      hindrances(*optimiser, *movement.fastest, *movement.pace, view.measured().back().step);
  return found.eps >= kSlowedByEpsLog2;
}

Blame blame_for(const RunView& view, const MeasuredStep& step, const LayerPace& pace) {
  Blame blame;
  blame.facts = {{Quantity::learning_rate, step.learning_rate, {}, {}}};
  const Place place = Place::layer(pace.layer);
  const double missing = kUsualPaceLog2 - pace.log2_learning;
  if (step.learning_rate == 0) {
    blame.kind = CauseKind::small_rate;
    blame.remedies = {of(RemedyKind::raise_rate)};
    return blame;
  }
  if (std::isinf(missing)) {
    blame.kind = CauseKind::no_gradient;
    blame.remedies = {look_at("whether_it_vanishes")};
    return blame;
  }
  const auto add = [&](Quantity quantity, double value) {
    blame.facts.push_back({quantity, value, place, {}});
  };
  if (view.info().optimiser_info) {
    const OptimiserInfo& optimiser = *view.info().optimiser_info;
    const Hindrances found = hindrances(optimiser, step, pace, view.measured().back().step);
    const double most = std::max({found.clip, found.clip_value, found.eps, found.warm_up});
    if (most > missing / 2 && most > 2) {
      add(Quantity::gradient_rms_log2, pace.log2_gradient);
      if (most == found.clip) {
        blame.kind = CauseKind::clipping;
        add(Quantity::clip_factor, step.clip_factor);
        blame.remedies = {of(RemedyKind::raise_clip)};
      } else if (most == found.clip_value) {
        blame.kind = CauseKind::clipping;
        add(Quantity::clip_value, optimiser.clip_value);
        blame.remedies = {of(RemedyKind::raise_clip)};
      } else if (most == found.eps) {
        blame.kind = CauseKind::large_eps;
        add(Quantity::eps, optimiser.eps);
        blame.remedies = {of(RemedyKind::lower_eps)};
      } else {
        blame.kind = CauseKind::long_warm_up;
        add(Quantity::asked_rate, optimiser.learning_rate);
        add(Quantity::warmup_steps, static_cast<double>(optimiser.warmup_steps));
        blame.remedies = {of(RemedyKind::shorter_warm_up)};
      }
      return blame;
    }
  } else if (-std::log2(step.clip_factor) > std::max(2.0, missing / 2)) {
    blame.kind = CauseKind::clipping;
    add(Quantity::clip_factor, step.clip_factor);
    blame.remedies = {of(RemedyKind::raise_clip)};
    return blame;
  }
  if (std::log2(step.learning_rate) + missing > kLargestRateLog2) {
    blame.kind = CauseKind::small_gradient;
    blame.remedies = {look_at("whether_it_vanishes"), of(RemedyKind::adaptive_optimiser)};
    return blame;
  }
  blame.kind = CauseKind::small_rate;
  blame.remedies = {of(RemedyKind::raise_rate)};
  return blame;
}

Finding finding_of(const RunView& view, const Movement& movement, const Evidence& evidence) {
  const std::vector<MeasuredStep>& steps = view.measured();
  Finding finding;
  finding.rule = "stalled_layer";
  finding.severity = Severity::warning;
  finding.last_step = steps.back().step;
  finding.evidence = {evidence};
  finding.facts = {{Quantity::fastest_pace_log2, movement.top(), {}, {}},
                   {Quantity::moved_log2, std::log2(movement.moved), {}, {}}};
  std::erase_if(finding.facts,
                [&](const Fact& fact) { return fact.quantity == evidence.fact.quantity; });
  return finding;
}

/// The step from which on the rate is next to nothing, by its place; the number of steps if none.
std::size_t rate_is_gone(const std::vector<MeasuredStep>& steps) {
  double largest = 0;
  for (const MeasuredStep& step : steps) largest = std::max(largest, step.learning_rate);
  std::size_t first = steps.size();
  while (first > 0 && steps[first - 1].learning_rate <= kRateGone * largest) --first;
  return first;
}

std::optional<Finding> find_decayed_rate(const RunView& view, double last_step) {
  const std::vector<MeasuredStep>& steps = view.measured();
  const std::size_t first = rate_is_gone(steps);
  if (first == 0 || first + 1 >= steps.size()) return std::nullopt;
  if (2 * static_cast<double>(steps[first].step) > last_step) return std::nullopt;
  const Movement rest = movement_from(steps, first);
  if (!rest.is_finite || rest.telling < 2 || rest.moved > kStandstillMoved) return std::nullopt;
  const double unlearned = unlearned_loss(view.info());
  const double from = std::isnan(unlearned) ? steps.front().loss : unlearned;
  if (!(loss_at_end(steps) > kLossLeft * from)) return std::nullopt;
  Finding finding = finding_of(
      view, rest,
      {{Quantity::moved_log2, std::log2(rest.moved), {}, {}}, std::log2(kStandstillMoved)});
  finding.first_step = steps[first].step;
  finding.cause.kind = CauseKind::decayed_rate;
  finding.cause.facts = {{Quantity::learning_rate, steps[first].learning_rate, {}, {}},
                         {Quantity::asked_rate, steps.front().learning_rate, {}, {}},
                         {Quantity::steps_taken, last_step + 1, {}, {}}};
  finding.remedies = {of(RemedyKind::longer_schedule)};
  return finding;
}

}  // namespace

std::optional<Finding> find_standstill(const RunView& view, bool unexplained) {
  const std::vector<MeasuredStep>& steps = view.measured();
  if (steps.empty() || has_learned_before(view)) return std::nullopt;
  const Movement movement = movement_from(steps, 0);
  if (movement.pace == nullptr || !movement.is_finite) return std::nullopt;
  const double top = movement.top();
  if (std::isinf(top) && movement.telling < 2) return std::nullopt;

  const auto last_step = static_cast<double>(steps.back().step);
  const bool is_long = last_step + 1 >= kFewestSteps;
  const bool would_move = std::exp2(top) * (last_step + 1) > kStandstillMoved;
  if (is_long && would_move) {
    if (auto decayed = find_decayed_rate(view, last_step)) return decayed;
  }
  const bool unmoved = is_long && movement.moved < kStandstillMoved &&
                       loss_at_end(steps) > (1 - kLossMoved) * steps.front().loss;
  const Learning learning = view.learning();
  const bool unlearned =
      is_long && unexplained && movement.moved < kUnlearnedMoved && has_not_learned(learning);
  const bool slowed = is_long && unexplained && movement.moved < kSlowedMoved &&
                      is_slowed_by_eps(view, movement, learning);
  if (!unmoved && !unlearned && !slowed && top > kStandstillLog2) return std::nullopt;
  const double most = unmoved ? kStandstillMoved : unlearned ? kUnlearnedMoved : kSlowedMoved;
  const Evidence evidence =
      unmoved || unlearned || slowed
          ? Evidence{{Quantity::moved_log2, std::log2(movement.moved), {}, {}}, std::log2(most)}
          : Evidence{{Quantity::fastest_pace_log2, top, {}, {}}, kStandstillLog2};
  Finding finding = finding_of(view, movement, evidence);
  if (unmoved || (unlearned && learning.at_baseline())) finding.severity = Severity::critical;
  finding.first_step = steps.front().step;
  Blame blame = blame_for(view, *movement.fastest, *movement.pace);
  finding.cause.kind = blame.kind;
  finding.cause.facts = std::move(blame.facts);
  finding.remedies = std::move(blame.remedies);
  return finding;
}

}  // namespace plumb
