// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/kind.h"

#include <algorithm>
#include <string>

#include "plumb/core/error.h"
#include "plumb/core/names.h"
#include "plumb/nn/spec/nearest.h"
#include "plumb/zoo/kinds/make.h"

namespace plumb::zoo {

namespace {

constexpr std::string_view kFamilies[] = {"flow",   "signal", "trainer", "data",
                                          "output", "norm",   "time"};
constexpr std::string_view kHalves[] = {"open", "unseen"};

std::vector<Kind> all_kinds() {
  std::vector<Kind> all;
  for (auto* part :
       {flow_kinds, signal_kinds, trainer_kinds, data_kinds, output_kinds, norm_kinds, time_kinds,
        healthy_flow_kinds, healthy_trainer_kinds, healthy_task_kinds, healthy_layer_kinds}) {
    for (Kind& kind : part()) all.push_back(std::move(kind));
  }
  for (auto* part : {more_data_kinds, more_signal_kinds, more_trainer_kinds, more_order_kinds,
                     more_norm_kinds, more_time_kinds, more_healthy_kinds}) {
    for (Kind& kind : part()) {
      kind.sets_rules = true;
      all.push_back(std::move(kind));
    }
  }
  std::ranges::stable_partition(all, [](const Kind& kind) { return !kind.is_healthy(); });
  return all;
}

}  // namespace

std::string_view to_string(Family family) { return name_of(family, kFamilies); }
std::optional<Family> parse_family(std::string_view text) {
  return value_named<Family>(text, kFamilies);
}

std::string_view to_string(Half half) { return name_of(half, kHalves); }
std::optional<Half> parse_half(std::string_view text) { return value_named<Half>(text, kHalves); }

std::span<const Kind> kinds() {
  static const std::vector<Kind> all = all_kinds();
  return all;
}

const Kind& find_kind(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Kind& kind : kinds()) {
    if (kind.name == name) return kind;
    names.push_back(kind.name);
  }
  const std::string hint = did_you_mean(name, names);
  throw UsageError("zoo: no kind is called '" + std::string(name) + "'" +
                   (hint.empty() ? "; plumb zoo list has them all" : hint));
}

Half half_of(const Kind& kind) {
  if (kind.sets_rules) return Half::open;
  return Rng(0, "zoo/half/" + std::string(kind.name)).below(0, 2) == 0 ? Half::open : Half::unseen;
}

Specimen make_specimen(const Kind& kind, std::uint64_t seed, bool twin) {
  Draw draw(kind.name, seed);
  return kind.build(draw, !twin);
}

}  // namespace plumb::zoo
