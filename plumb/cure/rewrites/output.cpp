// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/rewrites/output.h"

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

}  // namespace plumb
