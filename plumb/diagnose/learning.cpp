// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/learning.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "plumb/diagnose/median.h"

namespace plumb {

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kStandardErrors = 4;
/// Of what a validation part has to show: so much of the loss, beyond so many standard errors.
constexpr double kHeldOut = 0.025;
constexpr double kHeldOutErrors = 3;
/// A few samples carry most of the constant answer's loss where its batches vary by so much of it.
constexpr double kRare = 0.5;
constexpr std::int64_t kEnoughHeldOut = 50;  // our choice: fewer are too coarse a witness
constexpr std::int64_t kStepsToLose = 20;
constexpr std::size_t kSoonStretches = 5;
/// Median distance of two independent normal numbers of deviation 1.
constexpr double kMedianDistance = 0.9539;
/// Standard error of a median to that of a mean.
constexpr double kMedianError = 1.2533;

using Stretches = std::span<const LossCurve::Stretch>;

/// Mean loss, and how far that may be off.
struct Level {
  double mean = kNan;
  double error = kNan;
};

Level level_of(Stretches stretches) {
  const auto n = static_cast<double>(stretches.size());
  double mean = 0;
  double squares = 0;
  for (const LossCurve::Stretch& one : stretches) mean += one.loss / n;
  for (const LossCurve::Stretch& one : stretches) squares += (one.loss - mean) * (one.loss - mean);
  return {mean, std::sqrt(squares) / n};
}

double median_loss(Stretches stretches) {
  std::vector<double> losses;
  for (const LossCurve::Stretch& one : stretches) losses.push_back(one.loss);
  return median(std::move(losses));
}

double mean_accuracy(Stretches stretches) {
  double sum = 0;
  double accuracies = 0;
  for (const LossCurve::Stretch& one : stretches) {
    if (one.accuracies == 0) continue;
    sum += one.accuracy * static_cast<double>(one.accuracies);
    accuracies += static_cast<double>(one.accuracies);
  }
  return accuracies > 0 ? sum / accuracies : kNan;
}

/// Of one stretch about the course of the curve.
double noise_of(Stretches stretches) {
  std::vector<double> distances;
  for (std::size_t i = 1; i < stretches.size(); ++i) {
    distances.push_back(std::abs(stretches[i].loss - stretches[i - 1].loss));
  }
  return distances.empty() ? 0 : median(std::move(distances)) / kMedianDistance;
}

double standard_error(double noise, std::size_t stretches) {
  return kMedianError * noise / std::sqrt(static_cast<double>(std::max<std::size_t>(stretches, 1)));
}

/// Of the constant answer's mean loss over the samples of `stretches`, where a few of them carry
/// most of it; 0 where they do not.
double rare_error(const RunInfo& info, Stretches stretches) {
  if (!info.baseline || !(info.baseline->loss_deviation > 0) || info.batch < 1) return 0;
  const double batch = static_cast<double>(info.batch);
  const double deviation = info.baseline->loss_deviation;
  if (!(deviation / std::sqrt(batch) > kRare * info.baseline->loss)) return 0;
  double steps = 0;
  for (const LossCurve::Stretch& one : stretches) steps += static_cast<double>(one.steps);
  return deviation / std::sqrt(batch * steps);
}

/// Samples that were held out are answered better than by the constant.
bool holds_for_others(const RunInfo& info, const LossCurve& curve, const Learning& learning) {
  const auto& last = curve.last_validation();
  if (!last || !learning.has_baseline || !info.data_info) return false;
  const std::int64_t held_out = info.data_info->validation_samples;
  if (held_out < kEnoughHeldOut) return false;
  const double root = std::sqrt(static_cast<double>(held_out));
  const double gained = learning.reference - last->loss;
  if (!(gained >= kHeldOut * learning.reference)) return false;
  if (!std::isfinite(last->accuracy) || !std::isfinite(learning.baseline_accuracy)) {
    return gained > kHeldOutErrors * info.baseline->loss_deviation / root;
  }
  const double right = learning.baseline_accuracy;
  return last->accuracy - right > kHeldOutErrors * std::sqrt(right * (1 - right)) / root;
}

/// Finds the window with the lowest median, and returns that; a running sum would cancel behind a
/// loss of 1e25.
double find_best(Learning& learning, Stretches all, std::size_t width) {
  double lowest = kNan;
  for (std::size_t first = 0; first + width <= all.size(); ++first) {
    const double loss = median_loss(all.subspan(first, width));
    if (std::isnan(lowest) || loss < lowest) {
      lowest = loss;
      learning.best = level_of(all.subspan(first, width)).mean;
      learning.best_step = all[first].first_step;
    }
  }
  return lowest;
}

/// The steps at the end by which a run is judged: its last tenth. Where rare batches hold most of
/// the loss, so that a tenth may have none of them, as much of the last half as one epoch takes.
Stretches end_of(const RunInfo& info, Stretches all, double reference) {
  const std::size_t tenth = std::min(all.size(), std::max<std::size_t>(5, all.size() / 10));
  if (!info.data_info || info.batch <= 0) return all.last(tenth);
  const double per_stretch =
      static_cast<double>(info.batch) * static_cast<double>(all.front().steps);
  const auto epoch = static_cast<std::size_t>(
      std::ceil(static_cast<double>(info.data_info->samples) / per_stretch));
  const std::size_t width = std::clamp(epoch, tenth, std::max(tenth, all.size() / 2));
  const Stretches whole = all.last(width);
  const bool has_tail = level_of(whole).mean - median_loss(whole) >= Learning::kTail * reference;
  return has_tail ? whole : all.last(tenth);
}

/// The last quarter is not below the one before, beyond the noise.
bool is_flat(Stretches all, double noise) {
  const std::size_t quarter = all.size() / 4;
  if (quarter == 0) return false;
  const double before = median_loss(all.subspan(all.size() - 2 * quarter, quarter));
  const double after = median_loss(all.last(quarter));
  return before - after <= kStandardErrors * std::sqrt(2.0) * standard_error(noise, quarter);
}

/// Whether too much is gone of the reference to say that nothing was learned.
bool leaves(double reference, Stretches all) {
  const Level level = level_of(all.last((all.size() + 3) / 4));
  const double gained = reference - level.mean;
  return gained >= Learning::kLearned * reference ||
         gained >= std::max(kStandardErrors * level.error, Learning::kLeaves * reference);
}

}  // namespace

bool Learning::at_baseline() const {
  if (!known || !has_baseline || steps < kEnoughSteps || learns) return false;
  return lost || (flat && !leaves && gained < kLearned);
}

double reference_loss(const RunInfo& info, const LossCurve& curve) {
  if (info.baseline && info.baseline->loss > 0) return info.baseline->loss;
  return curve.first() && curve.first()->loss > 0 ? curve.first()->loss : kNan;
}

std::int64_t step_off_reference(const RunInfo& info, const LossCurve& curve) {
  const Stretches all = curve.stretches();
  const double reference = reference_loss(info, curve);
  const double noise = noise_of(all.last(all.size() - all.size() / 2));
  const double drop =
      std::max(Learning::kLearned * reference, 2 * standard_error(noise, kSoonStretches));
  for (std::size_t first = 0; first + kSoonStretches <= all.size(); ++first) {
    const double loss = median_loss(all.subspan(first, kSoonStretches));
    if (loss <= reference - drop) return all[first].first_step;
  }
  return -1;
}

Learning learning_of(const RunInfo& info, const LossCurve& curve) {
  Learning result;
  result.ends_finite = curve.ends_finite();
  result.steps = curve.steps();
  const Stretches all = curve.stretches();
  result.reference = reference_loss(info, curve);
  if (all.empty() || std::isnan(result.reference) || info.loss == "difference") return result;
  const bool signless =
      std::all_of(all.begin(), all.end(), [](const auto& one) { return one.loss >= 0; });
  if (!signless) return result;

  result.known = true;
  result.has_baseline = info.baseline && info.baseline->loss > 0;
  result.at_first = curve.first()->loss;
  const Stretches end = end_of(info, all, result.reference);
  const Level level = level_of(end);
  result.at_last = level.mean;
  result.accuracy = mean_accuracy(end);
  const double noise = noise_of(all.last(std::max<std::size_t>(end.size(), all.size() / 2)));
  result.noise = noise * std::sqrt(static_cast<double>(all.front().steps));
  result.standard_error = std::max(level.error, rare_error(info, end));
  const double error = std::max(standard_error(noise, end.size()), result.standard_error);
  const double lowest = find_best(result, all, end.size());
  result.flat = is_flat(all, noise);
  result.leaves = leaves(result.reference, all);

  result.gained = (result.reference - result.at_last) / result.reference;
  const auto& validation = curve.last_validation();
  const bool validated =
      validation && result.reference - validation->loss >= Learning::kLearned * result.reference;
  const bool beyond_noise =
      validated || result.reference - result.at_last > kStandardErrors * error;
  result.learns = result.gained >= Learning::kLearned && beyond_noise;
  result.reached = result.gained >= Learning::kReached && beyond_noise;
  result.converged = result.at_last <= Learning::kConverged * result.reference && beyond_noise;
  if (result.has_baseline && info.baseline->accuracy < 1) {
    result.baseline_accuracy = info.baseline->accuracy;
    const double left = 1 - result.baseline_accuracy;
    result.gained_accuracy = (result.accuracy - result.baseline_accuracy) / left;
    // A batch of n varies by sqrt(p (1 - p) / n).
    const double samples = static_cast<double>(std::max<std::int64_t>(info.batch, 1) *
                                               static_cast<std::int64_t>(end.size()));
    const double by_chance = std::sqrt(result.baseline_accuracy * left / samples);
    result.learns = result.learns || (result.gained_accuracy >= Learning::kLearnedByAccuracy &&
                                      result.gained_accuracy * left > kStandardErrors * by_chance);
    result.reached = result.reached || result.gained_accuracy >= 0.9;
  }
  result.learns = result.learns || holds_for_others(info, curve, result);
  // By medians: a few large batches lose nothing that was learned.
  const double typical = median_loss(end);
  const double had = result.reference - lowest;
  const double gone = typical - lowest;
  const bool gave_up = had >= Learning::kLearned * result.reference && gone > had / 2;
  const bool far_above = typical > 2 * std::max(result.reference, result.at_first);
  result.lost = (gave_up || far_above) && !result.reached && result.steps >= kStepsToLose &&
                gone > kStandardErrors * std::sqrt(2.0) * standard_error(noise, end.size());
  return result;
}

}  // namespace plumb
