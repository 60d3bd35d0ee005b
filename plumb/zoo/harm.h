// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "plumb/zoo/kind.h"

namespace plumb::zoo {

/// What a fault costs: one kind over several seeds, each beside its twin.
struct Harm {
  const Kind* kind = nullptr;
  std::vector<double> gained;       ///< by seed: Trial::gained()
  std::vector<double> twin_gained;  ///< of a healthy kind empty

  /// How far a sick run comes on the twin's way from the baseline: 1 is as far.
  double way(std::size_t seed) const { return gained[seed] / twin_gained[seed]; }
  /// Of a sick kind: every twin learns and every sick run stays behind it. Of a healthy one: every
  /// run learns.
  bool is_shown() const;
};

/// A twin or a healthy network has learned if it took away this part of the baseline's loss, and a
/// fault harms if it keeps a run from this part of its twin's way. Our choice: a cure is to bring
/// nine tenths of it back.
inline constexpr double kLearns = 0.2;
inline constexpr double kHarmedWay = 0.8;

std::vector<Harm> check_harm(const std::vector<const Kind*>& kinds, std::int64_t seeds, int jobs,
                             const std::function<void(std::size_t, std::size_t)>& progress = {});
/// A line a kind, and how many are not shown.
std::string harm_text(const std::vector<Harm>& harms);

}  // namespace plumb::zoo
