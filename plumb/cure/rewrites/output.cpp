// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/rewrites/output.h"

#include <cstdint>
#include <string>

#include "plumb/cure/chain_edit.h"

namespace plumb {

Rewritten remove_output_activation(const Patient& patient, const CureArguments&) {
  TrainConfig config = patient.config;
  Items items = items_of(config.network);
  const bool ends_in_repeat = !items.empty() && role_of(items.back()) == ItemRole::repeat;
  if (ends_in_repeat) items = written_out(items);
  const std::size_t before = items.size();
  while (!items.empty()) {
    const ItemRole role = role_of(items.back());
    if (role != ItemRole::activation && role != ItemRole::softmax) break;
    items.pop_back();
  }
  if (items.size() == before || items.empty()) {
    return Rewritten::refuse("nothing stands behind the last linear layer");
  }
  config.network = network_text(ends_in_repeat ? folded(items) : items);
  return Rewritten::to(std::move(config));
}

Rewritten enlarge_output(const Patient& patient, const CureArguments& arguments) {
  const double* const units = number_of(arguments, "units");
  TrainConfig config = patient.config;
  Items items = items_of(config.network);
  const std::size_t last = last_linear(items);
  if (units == nullptr || last == items.size()) {
    return Rewritten::refuse("no number of outputs is asked for");
  }
  const std::string wanted = std::to_string(static_cast<std::int64_t>(*units));
  if (width_of(items[last]) == wanted) return Rewritten::refuse("it has as many");
  items[last].arguments.front().text = wanted;
  config.network = network_text(items);
  return Rewritten::to(std::move(config));
}

}  // namespace plumb
