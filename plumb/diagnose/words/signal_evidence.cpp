// SPDX-License-Identifier: Apache-2.0
// What the numbers shown with a finding about data, signal or output are.
#include <fmt/format.h>

#include "plumb/diagnose/words/data_names.h"
#include "plumb/diagnose/words/signal_words.h"

namespace plumb::words {

std::string signal_evidence(const Telling& telling, const Evidence& evidence) {
  const std::string where = telling.names.where(evidence.fact.place);
  switch (evidence.fact.quantity) {
    case Quantity::column_factor:
      if (telling.finding.rule == "constant_features") {
        return "size of the constant columns together against that of all that varies";
      }
      return fmt::format("rms of {} against the median of the others", column_text(telling));
    case Quantity::input_rms:
    case Quantity::small_input_rms: return "rms of the inputs";
    case Quantity::loss_over_baseline:
      return "loss of the first step over that of the best constant answer";
    case Quantity::target_rms:
    case Quantity::small_target_rms: return "rms of " + target_text(telling);
    case Quantity::output_rms: return "rms of the outputs in the first step";
    case Quantity::similarity: return "mean cosine of two samples in " + where;
    case Quantity::few_directions:
    case Quantity::directions: return "directions that the samples spread over in " + where;
    case Quantity::between_batches:
      return "part of the targets' variance that lies between batches";
    case Quantity::classes: return "classes among the labels";
    case Quantity::columns_affected: return "columns without any variation";
    case Quantity::loss_floor: return "lowest loss that such outputs can reach";
    case Quantity::activations_before_loss:
      return "activations between the last weights and the loss";
    case Quantity::target_beyond: return "targets beyond the range of the output, in deviations";
    case Quantity::linear_pairs: return "layers with weights that follow another directly";
    case Quantity::outputs: return "outputs of the network";
    case Quantity::values_normalised: return "values that share a mean in " + where;
    case Quantity::dropped_fraction: return "values dropped at " + where + ", fraction";
    case Quantity::units_left: return "units left at " + where;
    case Quantity::closed_log2: return fmt::format("rms f' of {} against the usual, log2", where);
    case Quantity::shift_in_deviations:
      if (telling.finding.rule == "input_scale") return "means of the inputs over their deviations";
      if (telling.finding.rule == "target_scale") {
        return fmt::format("mean of {} over their deviation", target_text(telling));
      }
      return fmt::format("mean of what {} reads, in deviations", where);
    case Quantity::scale_rms:
      return "rms of the scale of " + telling.names.where(telling.finding.place);
    default: break;
  }
  return {};
}

}  // namespace plumb::words
