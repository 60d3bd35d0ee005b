// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "plumb/core/rng.h"

namespace plumb::zoo {

/// Draws the sizes, positions and values of one specimen, one after the other, from a kind's name
/// and a seed: the same bits anywhere.
///
/// A builder draws the same numbers whether or not the fault is in, so that the twin differs in the
/// fault alone.
class Draw {
 public:
  Draw(std::string_view name, std::uint64_t seed);

  /// In [low, high], both included.
  int integer(int low, int high);
  double real(double low, double high);
  /// Uniform in the logarithm; both above 0.
  double log(double low, double high);
  bool coin() { return integer(0, 1) == 1; }
  template <class T>
  T pick(std::initializer_list<T> choices) {
    return choices.begin()[integer(0, static_cast<int>(choices.size()) - 1)];
  }
  std::string word(std::initializer_list<const char*> choices) { return pick(choices); }
  /// A seed for whatever draws for itself.
  std::uint64_t seed();

 private:
  Rng rng_;
  std::uint64_t next_ = 0;
};

}  // namespace plumb::zoo
