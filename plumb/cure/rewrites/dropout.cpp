// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/rewrites/dropout.h"

#include <cstdlib>

#include "plumb/cure/chain_edit.h"

namespace plumb {

Rewritten lower_dropout(const Patient& patient, const CureArguments&) {
  constexpr double kUsual = 0.2;
  TrainConfig config = patient.config;
  Items items = items_of(config.network);
  bool changed = false;
  visit_layers(items, [&](SpecItem& item) {
    if (role_of(item) != ItemRole::dropout || item.arguments.empty()) return;
    if (std::strtod(item.arguments.front().text.c_str(), nullptr) <= kUsual) return;
    item.arguments.front().text = "0.2";
    changed = true;
  });
  if (!changed) return Rewritten::refuse("no dropout above 0.2");
  config.network = network_text(items);
  return Rewritten::to(std::move(config));
}

}  // namespace plumb
