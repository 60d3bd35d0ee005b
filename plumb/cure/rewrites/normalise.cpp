// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/rewrites/normalise.h"

#include "plumb/cure/chain_edit.h"

namespace plumb {

namespace {

constexpr std::int64_t kSmallBatch = 16;

int insert_in(Items& items, const SpecItem& norm) {
  int inserted = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (items[i].kind != SpecItem::Kind::layer) {
      inserted += insert_in(items[i].children, norm);
      continue;
    }
    if (role_of(items[i]) != ItemRole::linear) continue;
    if (i + 1 < items.size() && role_of(items[i + 1]) == ItemRole::normalisation) continue;
    items.insert(items.begin() + static_cast<std::ptrdiff_t>(i + 1), norm);
    ++inserted;
  }
  return inserted;
}

}  // namespace

Rewritten add_normalisation(const Patient& patient, const CureArguments& arguments) {
  TrainConfig config = patient.config;
  Items items = items_of(config.network);
  std::size_t last = last_linear(items);
  if (last == items.size()) {
    items = written_out(items);
    last = last_linear(items);
  }
  const std::string* const kind = text_of(arguments, "kind");
  const SpecItem norm = item_of(kind != nullptr ? *kind : config.batch < kSmallBatch ? "ln" : "bn");
  Items head(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(last));
  if (insert_in(head, norm) == 0) return Rewritten::refuse("every hidden linear layer has one");
  head.insert(head.end(), items.begin() + static_cast<std::ptrdiff_t>(last), items.end());
  config.network = network_text(head);
  return Rewritten::to(std::move(config));
}

Rewritten drop_normalisation(const Patient& patient, const CureArguments&) {
  TrainConfig config = patient.config;
  Items items = items_of(config.network);
  const auto is_batch_norm = [](const SpecItem& item) {
    return item.name.text == "bn" || item.name.text == "batch_norm";
  };
  if (remove_layers(items, is_batch_norm) == 0) return Rewritten::refuse("no batch normalisation");
  config.network = network_text(items);
  return Rewritten::to(std::move(config));
}

Rewritten normalise_before(const Patient& patient, const CureArguments&) {
  TrainConfig config = patient.config;
  const Items chain = written_out(items_of(config.network));
  const auto is_behind_block = [&](std::size_t i) {
    return i > 0 && role_of(chain[i]) == ItemRole::normalisation &&
           role_of(chain[i - 1]) == ItemRole::residual;
  };
  Items result;
  std::size_t end = 0;  // of the result, behind the last block that was changed
  SpecItem last;
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (!is_behind_block(i)) {
      result.push_back(chain[i]);
      continue;
    }
    Items& branch = result.back().children;
    branch.insert(branch.begin(), chain[i]);
    last = chain[i];
    end = result.size();
  }
  if (end == 0) return Rewritten::refuse("no normalisation stands behind a residual block");
  result.insert(result.begin() + static_cast<std::ptrdiff_t>(end), last);
  config.network = network_text(folded(result));
  return Rewritten::to(std::move(config));
}

Rewritten usual_statistics(const Patient& patient, const CureArguments&) {
  TrainConfig config = patient.config;
  Items items = items_of(config.network);
  bool changed = false;
  visit_layers(items, [&](SpecItem& item) {
    if (role_of(item) != ItemRole::normalisation) return;
    changed = remove_option(item, "momentum") || changed;
    changed = remove_option(item, "eps") || changed;
  });
  if (!changed) return Rewritten::refuse("no normalisation has a momentum or eps of its own");
  config.network = network_text(items);
  return Rewritten::to(std::move(config));
}

Rewritten enlarge_groups(const Patient& patient, const CureArguments&) {
  TrainConfig config = patient.config;
  Items items = items_of(config.network);
  bool changed = false;
  visit_layers(items, [&](SpecItem& item) {
    const bool is_group_norm =
        item.name.text == "gn" || item.name.text == "group_norm" || item.name.text == "groupnorm";
    if (!is_group_norm || item.arguments.empty() || item.arguments.front().text == "1") return;
    item.arguments.front().text = "1";
    changed = true;
  });
  if (!changed) return Rewritten::refuse("no group normalisation of several groups");
  config.network = network_text(items);
  return Rewritten::to(std::move(config));
}

}  // namespace plumb
