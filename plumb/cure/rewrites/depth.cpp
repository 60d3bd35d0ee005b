// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/rewrites/depth.h"

#include <algorithm>
#include <string>

#include "plumb/cure/chain_edit.h"

namespace plumb {

Rewritten fewer_layers(const Patient& patient, const CureArguments&) {
  constexpr std::int64_t kFewest = 4;
  TrainConfig config = patient.config;
  Items items = folded(written_out(items_of(config.network)));
  const auto longest =
      std::max_element(items.begin(), items.end(),
                       [](const SpecItem& a, const SpecItem& b) { return a.count < b.count; });
  if (longest == items.end() || longest->count < kFewest) {
    return Rewritten::refuse("nothing stands there four times in a row");
  }
  longest->count = longest->count / 2;
  longest->name.text = std::to_string(longest->count);
  config.network = network_text(items);
  return Rewritten::to(std::move(config));
}

Rewritten widen(const Patient& patient, const CureArguments&) {
  TrainConfig config = patient.config;
  Items items = items_of(config.network);
  const std::size_t last = last_linear(items);
  Items head(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(last));
  const auto is_dense = [](const SpecItem& item) {
    return role_of(item) == ItemRole::linear && item.name.text != "conv";
  };
  long widest = 0;
  visit_layers(head, [&](SpecItem& item) {
    if (is_dense(item)) widest = std::max(widest, std::stol(std::string(width_of(item))));
  });
  bool changed = false;
  visit_layers(head, [&](SpecItem& item) {
    if (!is_dense(item) || width_of(item) == std::to_string(widest)) return;
    item.arguments.front().text = std::to_string(widest);
    changed = true;
  });
  if (!changed) return Rewritten::refuse("the hidden layers are equally wide");
  std::copy(head.begin(), head.end(), items.begin());
  config.network = network_text(items);
  return Rewritten::to(std::move(config));
}

}  // namespace plumb
