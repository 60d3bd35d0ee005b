// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/cure/cure_data.h"
#include "plumb/cure/predict.h"
#include "plumb/cure/prescription.h"
#include "plumb/cure/rate_sweep.h"
#include "plumb/cure/setting_change.h"
#include "plumb/diagnose/diagnosis.h"

namespace plumb {

/// What became of a change that was looked at.
enum class AdviceCheck : std::uint8_t {
  helps,        ///< a short training from the same start learns more with it
  no_effect,    ///< such a training does not
  not_tried,    ///< the probe is fine; nothing was trained (predicted, not checked)
  trips_rule,   ///< our own rules find something that was not there
  keeps_fault,  ///< they find what it should mend, no less severe than before
  no_op,        ///< it is in force already
  impossible    ///< it does not apply, or no such network fits the data
};
std::string_view to_string(AdviceCheck check);  ///< "helps"; stable

/// One change with what is known of it.
struct CheckedChange {
  Prescription prescription;
  AdviceCheck check = AdviceCheck::not_tried;
  std::string why;  ///< of impossible, and the rules of trips_rule
  TrainConfig config;
  std::vector<SettingChange> changes;
  std::optional<double> log2_reach;  ///< predicted
  std::optional<double> loss;        ///< after the short training, in inference mode
  std::optional<double> accuracy;
  std::optional<RateSweep> sweep;  ///< of a rate that was measured

  bool is_advisable() const {
    return check == AdviceCheck::helps || check == AdviceCheck::not_tried;
  }
  /// Whether there is another training to make, whatever it came to.
  bool is_possible() const {
    return check != AdviceCheck::impossible && check != AdviceCheck::no_op && !changes.empty();
  }
};

struct AdviceOptions {
  double budget_s = 2;  ///< work, in seconds of a usual core (nominal_step_s); 0: no training
  std::int64_t most_steps = 300;  ///< of one short training
  std::int64_t fewest_steps = 20;
  /// Whether rewrites that no remedy names are tried where no remedy helps.
  bool search_further = true;
  bool search_everywhere = false;  ///< and where one does
  /// Which rewrites may be used; empty: all.
  std::function<bool(const RewriteEntry& rewrite)> allows = {};
  std::function<bool()> keep_going = {};  ///< false: no further probe or training
};

/// What to do about the findings of a training, checked: see check_advice().
struct Advice {
  /// What helps first, and among what helps equally the remedy named first; behind it what was not
  /// tried, then what had no effect. Without what cannot or need not be done.
  std::vector<CheckedChange> changes;
  std::vector<CheckedChange> dropped;
  std::int64_t steps = 0;      ///< of the short trainings; 0: none were made
  std::optional<double> loss;  ///< untreated, after as many steps
  std::optional<double> accuracy;
  std::optional<double> log2_reach;     ///< untreated, by the probe
  std::optional<double> constant_loss;  ///< what the best constant answer has on the same samples

  const CheckedChange* first() const {
    return changes.empty() || !changes.front().is_advisable() ? nullptr : &changes.front();
  }
};

/// Turns the remedies of the findings into changes of this training and checks each: it must not be
/// in force already, fit the data, trip none of our rules in a probe at the start, and learn more
/// than the untreated training in the same number of first steps. A rate is never derived: it is
/// measured (rate_sweep.h), and left out where the budget does not allow that.
///
/// "Helps"  Its loss, in inference mode on up to 512 samples of the training part, closes at least
///          kHelps of the gap between the untreated one (no more than the constant answer has) and
///          the best of all that were tried, and that gain is at least kWorthwhile of the untreated
///          loss. Our choice; docs/cure.md.
/// Errors   none for what is wrong with a change; as Trainer for the training itself.
/// Threads  one; the same answer on every machine.
Advice check_advice(const TrainConfig& config, CureData& data, const std::vector<Finding>& findings,
                    const AdviceOptions& options = {});
inline constexpr double kHelps = 0.9;
inline constexpr double kWorthwhile = 0.05;

/// The same where network or data are not at hand: changes that apply and change something, all
/// `not_tried`, without a rate.
Advice predict_advice(const TrainConfig& config, const std::vector<Finding>& findings);

/// The findings with their remedies in the order of the advice, without those that were dropped;
/// what a person has to do by hand stays behind. Predicted reach and measured rate are filled in.
/// Where that would leave a finding without any, its remedies stay as the rule named them.
std::vector<Finding> with_checked_remedies(std::vector<Finding> findings, const Advice& advice);

}  // namespace plumb
