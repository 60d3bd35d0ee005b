// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/words/data_words.h"

#include <fmt/format.h>

namespace plumb::words {

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
