// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/rules/overfitting.h"

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/learning_finding.h"

namespace plumb {

namespace {

/// Of the way from the most frequent class to 1, so that there is something to lose.
constexpr double kLearnedAccuracy = 0.1;

constexpr double kPart = 0.5;

/// Fewer tell nothing of a part that is no better than a guess.
constexpr std::int64_t kEnoughValidation = 50;

/// A loss counts beyond so many standard errors of the validation part.
constexpr double kStandardErrors = 3;

/// Of the validation part's mean loss, as the constant answer's varies from sample to sample: large
/// where a few samples hold most of it. NaN where it is not known.
double validation_error(const RunInfo& info) {
  if (!info.data_info || info.data_info->validation_samples <= 0) return std::nan("");
  return info.baseline->loss_deviation /
         std::sqrt(static_cast<double>(info.data_info->validation_samples));
}

/// Nothing of what was learned holds for samples that were held out, and nothing ever did: by the
/// loss no step was better than the constant answer, and by the accuracy the end is not, beyond the
/// noise of so many samples.
bool holds_nowhere(const RunView& view, const Learning& learning) {
  const auto& data = view.info().data_info;
  if (!data || data->validation_samples < kEnoughValidation) return false;
  const double best = view.losses().best_validation()->loss;
  if (!(best > (1 - Learning::kLearned) * learning.reference)) return false;
  const double accuracy = view.losses().last_validation()->accuracy;
  if (!std::isfinite(accuracy) || !std::isfinite(learning.baseline_accuracy)) return true;
  const double error = std::sqrt(learning.baseline_accuracy * (1 - learning.baseline_accuracy) /
                                 static_cast<double>(data->validation_samples));
  return accuracy - learning.baseline_accuracy < 2 * error;
}

}  // namespace

void check_overfitting(const RunView& view, std::vector<Finding>& findings) {
  const Learning learning = view.learning();
  const auto& validation = view.losses().last_validation();
  if (!learning.learns || !learning.has_baseline || !validation) return;
  if (learning.steps < Learning::kSomeSteps) return;
  const bool is_named = std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.rule == "running_statistics";  // what spoils use spoils validation
  });
  if (is_named) return;
  // Where the running statistics are to blame, the training part itself has the loss in use.
  const auto& inference = view.losses().last_inference();
  const double loss = inference ? inference->loss : learning.at_last;
  const double accuracy = inference ? inference->accuracy : learning.accuracy;
  const double gained = (learning.reference - loss) / learning.reference;
  const double kept = (learning.reference - validation->loss) / learning.reference;
  const double left = 1 - learning.baseline_accuracy;
  const double gained_right = (accuracy - learning.baseline_accuracy) / left;
  const double kept_right = (validation->accuracy - learning.baseline_accuracy) / left;
  const bool has_accuracy = std::isfinite(gained_right) && std::isfinite(kept_right);
  const bool over = has_accuracy
                        ? gained_right > kLearnedAccuracy && kept_right < kPart * gained_right
                        : gained > Learning::kLearned && kept < kPart * gained;
  if (!over || !std::isfinite(validation->loss)) return;
  // A part in which one sample more or less decides over the loss accuses nobody.
  const double error = validation_error(view.info());
  const double learned = learning.reference - loss;
  if (has_accuracy ? learned > 0 && error > kPart * learned
                   : validation->loss - loss < kStandardErrors * error) {
    return;
  }

  Finding finding = learning_finding(view, learning, "overfitting");
  finding.severity = holds_nowhere(view, learning) ? Severity::warning : Severity::note;
  finding.first_step = view.losses().best_validation()->step;
  finding.last_step = validation->step;
  finding.facts.push_back(
      {Quantity::best_validation_loss, view.losses().best_validation()->loss, Place::loss(), {}});
  finding.facts.push_back(
      {Quantity::best_at_step, static_cast<double>(finding.first_step), Place::loss(), {}});
  const Evidence by_loss{{Quantity::validation_loss, validation->loss, Place::loss(), {}},
                         learning.reference * (1 - kPart * gained)};
  if (has_accuracy) {
    finding.evidence = {{{Quantity::validation_accuracy, validation->accuracy, {}, {}},
                         learning.baseline_accuracy + kPart * gained_right * left}};
    finding.facts.push_back({Quantity::training_accuracy, accuracy, {}, {}});
    finding.facts.push_back(by_loss.fact);
  } else {
    finding.evidence = {by_loss};
  }
  finding.cause.kind = CauseKind::learned_by_heart;
  finding.remedies = {{RemedyKind::more_data, {}, {}, {}}, {RemedyKind::regularise, {}, {}, {}}};
  if (finding.severity == Severity::warning) {
    finding.remedies.insert(finding.remedies.begin(), {RemedyKind::check_labels, {}, {}, {}});
  } else if (finding.first_step < finding.last_step) {
    finding.remedies.push_back(
        {RemedyKind::stop_early, {}, {{"at", static_cast<double>(finding.first_step)}}, {}});
  }
  findings.push_back(std::move(finding));
}

}  // namespace plumb
