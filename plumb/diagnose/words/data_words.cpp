// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/words/data_words.h"

#include <fmt/format.h>

#include "plumb/diagnose/words/sizes.h"

namespace plumb::words {

std::string sorted_batches(const Telling& telling) {
  std::string text = fmt::format(
      "The samples of a batch are of a kind: {} of what differs in the targets lies between the "
      "batches of {}.",
      percent_text(telling.value(Quantity::between_batches)),
      count_text(telling.count(Quantity::window_samples), "sample"));
  const bool has_accuracy =
      telling.has(Quantity::validation_accuracy) && telling.has(Quantity::training_accuracy);
  if (has_accuracy) {
    text += fmt::format(" The network has {} of each batch right and {} of the validation samples.",
                        percent_text(telling.value(Quantity::training_accuracy)),
                        percent_text(telling.value(Quantity::validation_accuracy)));
  } else if (telling.has(Quantity::validation_loss)) {
    text += fmt::format(" The loss is {} in training and {} in validation.",
                        loss_text(telling.value(Quantity::loss_at_last)),
                        loss_text(telling.value(Quantity::validation_loss)));
  }
  if (telling.finding.severity == Severity::note || !telling.has(Quantity::highest_loss)) {
    return text;
  }
  return text + fmt::format(" Where the kind changes the loss rises to {}.",
                            loss_text(telling.value(Quantity::highest_loss)));
}

std::string sorted_batches_do(const Telling&) {
  return "Each step teaches the answer of the kind at hand and unlearns that of the others; the "
         "losses of such batches tell little of what was learned.";
}

std::string batch_order_text() {
  return "They are taken in the order of the data, which sorts them by what is to be learned.";
}

std::string constant_targets(const Telling& telling) {
  if (telling.has(Quantity::classes)) {
    return fmt::format("Every label is of one class ({}).", telling.count(Quantity::column_number));
  }
  const long long constant = telling.count(Quantity::columns_affected);
  const long long all = telling.count(Quantity::columns);
  const double value = telling.value(Quantity::target_mean);
  if (constant == all) {
    return all == 1 ? fmt::format("Every target is {:.4g}.", value)
                    : fmt::format("Every sample has the same targets; the first is {:.4g}.", value);
  }
  return fmt::format("{} of {} target columns {} the same for every sample; column {} is {:.4g}.",
                     constant, all, constant == 1 ? "is" : "are",
                     telling.count(Quantity::column_number), value);
}

std::string constant_targets_do(const Telling& telling) {
  return telling.finding.severity == Severity::note
             ? "Its answer is learned from the bias alone."
             : "A constant answer is right for all of them, so there is nothing to learn, whatever "
               "the loss comes to.";
}

std::string collinear_columns(const Telling& telling) {
  return fmt::format(
      "The {} columns of the inputs say nearly the same: the samples spread over {:.3g} "
      "directions, "
      "where columns of these deviations without a tie between them would have {:.3g}.",
      telling.count(Quantity::columns), telling.value(Quantity::directions),
      telling.value(Quantity::independent_directions));
}

std::string collinear_columns_do(const Telling&) {
  return "What the columns have in common decides how large a rate may be, and at that rate the "
         "little in which they differ is hardly learned.";
}

}  // namespace plumb::words
