// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/rank_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "plumb/core/error.h"

namespace plumb {

namespace {

using Named = std::pair<const char*, std::string>;

std::string number(double value) { return fmt::format("{:g}", value); }

/// What all ranks of a training have in common.
std::vector<Named> common_of(const RunInfo& info) {
  std::vector<Named> all{{"the kind of run", info.kind},
                         {"the network", info.network},
                         {"the loss", info.loss},
                         {"the precision", info.precision}};
  const OptimiserInfo own = info.optimiser_info.value_or(OptimiserInfo{});
  for (Named one : {Named{"the optimiser", info.optimiser.empty() ? own.kind : info.optimiser},
                    {"the learning rate", number(own.learning_rate)},
                    {"the schedule of the learning rate", own.schedule},
                    {"the number of warm-up steps", std::to_string(own.warmup_steps)},
                    {"the momentum", number(own.momentum)},
                    {"Nesterov's momentum", own.nesterov ? "on" : "off"},
                    {"the decay of the squares", number(own.beta2)},
                    {"the optimiser's epsilon", number(own.eps)},
                    {"the weight decay", number(own.weight_decay)},
                    {"the decoupling of the weight decay", own.is_decay_decoupled ? "on" : "off"},
                    {"the bound of the gradient's norm", number(own.clip_norm)},
                    {"the bound of the gradient's values", number(own.clip_value)}}) {
    all.push_back(std::move(one));
  }
  return all;
}

std::string value_or_none(const std::string& text) { return text.empty() ? "not known" : text; }

const std::string* setting_of(const RunInfo& info, const std::string& key) {
  const auto at = std::ranges::find(info.settings, key, [](auto& one) { return one.first; });
  return at == info.settings.end() ? nullptr : &at->second;
}

}  // namespace

std::vector<std::string> compare_rank_settings(std::span<const RunInfo> ranks,
                                               std::span<const std::string> names) {
  std::vector<std::string> notes;
  const RunInfo& first = ranks.front();
  const std::vector<Named> expected = common_of(first);
  for (std::size_t rank = 1; rank < ranks.size(); ++rank) {
    const RunInfo& here = ranks[rank];
    const std::vector<Named> found = common_of(here);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (expected[i].second == found[i].second) continue;
      throw StoreError(
          fmt::format("{}: {} is {}, in {} it is {}: expected runs of the ranks of one training",
                      names[rank], found[i].first, value_or_none(found[i].second), names[0],
                      value_or_none(expected[i].second)));
    }
    if (here.batch > 0 && first.batch > 0 && here.batch != first.batch) {
      notes.push_back(fmt::format(
          "{}: its batches have {} samples, those of {} have {}: where the gradient is the mean of "
          "the ranks', the samples of the smaller one count for more",
          names[rank], here.batch, names[0], first.batch));
    }
    for (const auto& [key, value] : here.settings) {
      const std::string* const other = setting_of(first, key);
      if (other == nullptr || *other == value) continue;
      notes.push_back(
          fmt::format("{}: {} is {}, in {} it is {}", names[rank], key, value, names[0], *other));
    }
  }
  return notes;
}

}  // namespace plumb
