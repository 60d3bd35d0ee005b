// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/words/underflow_words.h"

#include <fmt/format.h>

#include "plumb/diagnose/words/sizes.h"

namespace plumb::words {

std::string underflow_symptom(const Telling& telling) {
  std::string text = fmt::format(
      "Float16 rounds {} of the gradient at {} to zero (step {}): it has no number that small",
      percent_text(telling.value(Quantity::underflow_fraction)),
      telling.where(Quantity::underflow_fraction), telling.count(Quantity::largest_at_step));
  const long long layers = telling.count(Quantity::layers_affected);
  if (layers == 1) return text + ".";
  return text + fmt::format("; so it is in {} of {} layers, and {} is the worst ({}).", layers,
                            telling.count(Quantity::layers_judged),
                            telling.where(Quantity::worst_underflow_fraction),
                            percent_text(telling.value(Quantity::worst_underflow_fraction)));
}

std::string underflow_consequence(const Telling& telling) {
  return telling.value(Quantity::worst_underflow_fraction) >= 1
             ? "Where all of it is zero, the layers before get no gradient and do not learn."
             : "What small gradients of many samples would add up to is gone, and the rest is "
               "counted in few steps.";
}

std::string underflow_cause(const Telling& telling) {
  const double scale = telling.value(Quantity::loss_scale_log2);
  return scale > 0 ? fmt::format(
                         "The loss is scaled by {}, which is not enough for gradients of "
                         "this size.",
                         size_text(scale))
                   : "The gradients are kept in float16 and the loss is not scaled.";
}

}  // namespace plumb::words
