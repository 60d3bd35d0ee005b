// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/diagnose/depth_flow.h"
#include "plumb/diagnose/rules/update_too_large.h"
#include "plumb/diagnose/words/sentences.h"
#include "plumb/diagnose/words/signal_words.h"
#include "plumb/diagnose/words/sizes.h"

namespace plumb::words {

namespace {

constexpr double kRounding = 1e-9;

/// "our choice; see docs/rules/dead_units.md".
std::string our_choice(const Telling& telling) {
  return "our choice; see docs/rules/" + telling.finding.rule + ".md";
}

std::string plain_name(Quantity quantity) {
  std::string name(to_string(quantity));
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

}  // namespace

std::string evidence_name(const Telling& telling, const Evidence& evidence) {
  if (std::string text = signal_evidence(telling, evidence); !text.empty()) return text;
  const Fact& fact = evidence.fact;
  const std::string where = telling.names.where(fact.place);
  switch (fact.quantity) {
    case Quantity::flow_log2:
      return fmt::format("gradient at {} against that at {}, log2 of the norm", where,
                         telling.names.where(fact.reference));
    case Quantity::count: return "faults that were seen in the calls";
    case Quantity::flow_log2_per_layer: return "the same for one layer, log2";
    case Quantity::weight_rms_log2: return fmt::format("weight of {}, log2 of the rms", where);
    case Quantity::gradient_norm_growth_log2:
      return "gradient norm against its median in the first steps, log2";
    case Quantity::dead_fraction: return fmt::format("dead units of {}, fraction", where);
    case Quantity::dead_fraction_rise: return "rise since the first measured step";
    case Quantity::worst_saturated_fraction: return "saturated fraction of " + where;
    case Quantity::underflow_fraction:
      return "gradients at " + where + " that became zero in float16, fraction";
    case Quantity::gate_flat_fraction:
      return fmt::format("values of {} in a flat end, fraction", gate_text(gate_of(telling)));
    case Quantity::update_log2: return fmt::format("rms(update) / rms(weight) of {}, log2", where);
    case Quantity::median_update_log2: return "the same of the median layer, log2";
    case Quantity::time_kept_log2:
      return "gradient at the first time step against that at the last, log2 of what is kept";
    case Quantity::time_steps_per_efold:
      return "time steps per e-fold of the gradient (negative: it grows)";
    case Quantity::relative_pace_log2:
      return fmt::format("learning pace of {} against the median layer, log2", where);
    case Quantity::pace_log2: return fmt::format("learning pace of {}, log2", where);
    case Quantity::fastest_pace_log2: return "learning pace of the fastest layer, log2";
    case Quantity::moved_log2:
      return "what the fastest layer moved in all steps, to its weight, log2";
    case Quantity::odd_log2: return fmt::format("{} against the others, log2", where);
    case Quantity::weight_change_log2: return "weight of the median layer against its start, log2";
    case Quantity::duplicate_units: return "repeated rows in the weight of " + where;
    case Quantity::nonfinite_count:
      return "non-finite values in " + telling.names.place(fact.place);
    case Quantity::nonfinite_steps: return "steps with a non-finite loss or gradient";
    case Quantity::loss_at_last: return "loss at the end";
    case Quantity::baseline_loss: return "loss of the best constant answer";
    case Quantity::validation_loss: return "loss of the validation part";
    case Quantity::validation_accuracy: return "accuracy of the validation part";
    case Quantity::inference_loss: return "loss of a training batch in use";
    case Quantity::inference_accuracy: return "accuracy of a training batch in use";
    default: break;
  }
  return plain_name(fact.quantity);
}

std::string evidence_source(const Telling& telling, const Evidence& evidence) {
  switch (evidence.fact.quantity) {
    case Quantity::flow_log2:
      if (std::abs(evidence.threshold) < kFlowLog2Total) {
        return "a factor of 45, of 20 layers by 1.21 each (Yang et al. 2019)";
      }
      return (std::abs(evidence.threshold) < kFlowLog2Extreme ? "a factor of 100; "
                                                              : "a factor of 1000; ") +
             our_choice(telling);
    case Quantity::gradient_norm_growth_log2: return "a factor of 1000; " + our_choice(telling);
    case Quantity::time_kept_log2:
      return (evidence.threshold < 0 ? "a factor of 1000; " : "a factor of 100; ") +
             our_choice(telling);
    case Quantity::weight_rms_log2:
      return fmt::format("zero everywhere; its own gradient is not zero (2^{:.3g})",
                         telling.value(Quantity::own_gradient_log2));
    case Quantity::dead_fraction:
      return "1/2 + 2/sqrt(units): four standard deviations above what units of random sign give";
    case Quantity::update_log2:
      return (evidence.threshold < kLayerUpdateLog2 - kRounding
                  ? "1/2, less by how many times ten steps momentum takes it again; "
                  : "1/2; ") +
             our_choice(telling);
    case Quantity::median_update_log2:
      if (evidence.threshold < kUpdateLog2 - kRounding) {
        return "1/10, less by how many times ten steps momentum takes it again; " +
               our_choice(telling);
      }
      return "1/10, the upper end of the usual band (Ben Braiek and Khomh 2022)";
    case Quantity::time_steps_per_efold:
      return fmt::format("the same limit over {} steps",
                         telling.count(Quantity::time_steps_crossed));
    case Quantity::relative_pace_log2: return "1/1000; " + our_choice(telling);
    case Quantity::pace_log2:
      return "2^-25: half a unit in the last place of a float weight, which such an update leaves "
             "as "
             "it was";
    case Quantity::fastest_pace_log2:
      return "1e-6: a hundredth of the usual lower end of 1e-4 (Ben Braiek and Khomh 2022)";
    case Quantity::moved_log2:
      return (evidence.threshold < -4   ? "1/50; "
              : evidence.threshold < -1 ? "1/5 in a network that has not learned; "
                                        : "7/10 in one that eps keeps from learning sooner; ") +
             our_choice(telling);
    case Quantity::odd_log2: return "a factor of 100; " + our_choice(telling);
    case Quantity::weight_change_log2:
      return (evidence.threshold < -1 ? "1/4; " : "1/2 in a network that has not learned; ") +
             our_choice(telling);
    case Quantity::duplicate_units: return "continuous random initialisation never repeats a row";
    case Quantity::loss_at_last:
      if (telling.finding.rule == "zero_gradient") {
        return "1/100 of the best constant answer's loss, or of the first: an optimum has no "
               "gradient";
      }
      return "relative to the best constant answer; " + our_choice(telling);
    case Quantity::nonfinite_count:
    case Quantity::nonfinite_steps: return "no healthy computation makes one";
    // Chosen by the example of saturated_activation.
    case Quantity::gate_flat_fraction: return "our choice; docs/rules/saturated_gate.md";
    case Quantity::flow_log2_per_layer:
    case Quantity::dead_fraction_rise:
    case Quantity::worst_saturated_fraction:
    default: break;
  }
  return our_choice(telling);
}

}  // namespace plumb::words
