// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/rewrites/activation.h"

#include "plumb/cure/chain_edit.h"
#include "plumb/cure/rewrites/start.h"

namespace plumb {

namespace {

/// How many were changed.
int replace_in(Items& items, std::size_t end, const SpecItem& by) {
  int changed = 0;
  for (std::size_t i = 0; i < end; ++i) {
    SpecItem& item = items[i];
    if (item.kind != SpecItem::Kind::layer) {
      changed += replace_in(item.children, item.children.size(), by);
    } else if (role_of(item) == ItemRole::activation && to_string(item) != to_string(by)) {
      item = by;
      ++changed;
    }
  }
  return changed;
}

void start_for(TrainConfig& config, const std::string* scheme) {
  if (!config.weights.empty()) return;
  config.gain = 1;
  config.bias_init = "zeros";
  if (scheme != nullptr) {
    config.init = *scheme;
    return;
  }
  const Rewritten start = initialise_critically({config, {}}, {});
  if (start.config) config = *start.config;
}

/// Behind a linear layer and what belongs to it an activation is missing where the next linear one
/// follows at once.
int insert_in(Items& items, const SpecItem& activation) {
  int inserted = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].kind != SpecItem::Kind::layer) {
      inserted += insert_in(items[i].children, activation);
      continue;
    }
    if (role_of(items[i]) != ItemRole::linear) continue;
    std::size_t next = i + 1;
    while (next < items.size() && (role_of(items[next]) == ItemRole::normalisation ||
                                   role_of(items[next]) == ItemRole::dropout)) {
      ++next;
    }
    if (next >= items.size() || role_of(items[next]) != ItemRole::linear) continue;
    items.insert(items.begin() + static_cast<std::ptrdiff_t>(next), activation);
    ++inserted;
  }
  return inserted;
}

}  // namespace

Rewritten replace_activation(const Patient& patient, const CureArguments& arguments) {
  TrainConfig config = patient.config;
  const std::string* const given = text_of(arguments, "activation");
  const SpecItem by = item_of(given == nullptr ? "relu" : *given);
  Items items = items_of(config.network);
  const std::size_t last = last_linear(items);
  const int changed = replace_in(items, last == items.size() ? items.size() : last, by);
  if (changed == 0) return Rewritten::refuse("no hidden activation of another kind");
  config.network = network_text(items);
  start_for(config, text_of(arguments, "scheme"));
  return Rewritten::to(std::move(config));
}

Rewritten remove_hidden_softmax(const Patient& patient, const CureArguments&) {
  TrainConfig config = patient.config;
  Items items = items_of(config.network);
  const std::size_t last = last_linear(items);
  Items head(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(last));
  const auto is_softmax = [](const SpecItem& item) { return role_of(item) == ItemRole::softmax; };
  if (remove_layers(head, is_softmax) == 0) return Rewritten::refuse("no softmax between layers");
  head.insert(head.end(), items.begin() + static_cast<std::ptrdiff_t>(last), items.end());
  config.network = network_text(head);
  return Rewritten::to(std::move(config));
}

Rewritten insert_activation(const Patient& patient, const CureArguments& arguments) {
  TrainConfig config = patient.config;
  const std::string* const given = text_of(arguments, "activation");
  const SpecItem activation = item_of(given == nullptr ? "relu" : *given);
  Items items = written_out(items_of(config.network));
  if (insert_in(items, activation) == 0) {
    return Rewritten::refuse("no two linear layers stand in a row");
  }
  config.network = network_text(folded(items));
  return Rewritten::to(std::move(config));
}

}  // namespace plumb
