// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "bench/train/timing.h"

namespace plumb {

/// What one training costs beside another: medians of their steps' times, and of the ratios of
/// their turns.
struct SideBySide {
  double off_s = 0;
  double measured_s = 0;
  double ratio = 0;
};

inline constexpr double kTurn_s = 0.05;

/// Both, the first one first in every other turn.
template <class First, class Second>
void take_turn(long turn, const First& first, const Second& second) {
  if (turn % 2 == 0) first();
  second();
  if (turn % 2 != 0) first();
}

/// Two trainings take turns within one process, so that what slows the machine for a while slows
/// both. A turn is as many steps as take about kTurn_s, one at least, so that a small network's
/// data are in its caches again for most of them; who goes first changes from turn to turn. Each
/// function does one step; the two must not share anything.
template <class Off, class Measured>
SideBySide side_by_side(const Off& off, const Measured& measured, long steps) {
  for (int i = 0; i < 10; ++i) {  // both have allocated all they need
    off();
    measured();
  }
  const long count = std::max(1L, static_cast<long>(kTurn_s / seconds_of(off)));
  std::vector<double> off_s, measured_s, ratios;
  for (long turn = 0; turn * count < steps; ++turn) {
    std::vector<double> turn_off, turn_measured;
    const auto take = [&](const auto& step, std::vector<double>& times) {
      for (long i = 0; i < count; ++i) times.push_back(seconds_of(step));
    };
    take_turn(
        turn, [&] { take(off, turn_off); }, [&] { take(measured, turn_measured); });
    ratios.push_back(median(turn_measured) / median(turn_off));
    off_s.insert(off_s.end(), turn_off.begin(), turn_off.end());
    measured_s.insert(measured_s.end(), turn_measured.begin(), turn_measured.end());
  }
  return {median(std::move(off_s)), median(std::move(measured_s)), median(std::move(ratios))};
}

/// The same for whole trainings whose steps are not alike, as with a schedule that thins out: mean
/// times of their steps, from the first on, and the ratio of the sums.
template <class Off, class Measured>
SideBySide totals_side_by_side(const Off& off, const Measured& measured, long steps) {
  double off_s = 0, measured_s = 0;
  long done = 0, count = 1;
  for (long turn = 0; done < steps; ++turn) {
    const auto take = [&](const auto& step, double& sum) {
      sum += seconds_of([&] {
        for (long i = 0; i < count; ++i) step();
      });
    };
    take_turn(
        turn, [&] { take(off, off_s); }, [&] { take(measured, measured_s); });
    done += count;
    const auto fitting = static_cast<long>(kTurn_s * static_cast<double>(done) / off_s);
    count = std::clamp(off_s < kTurn_s ? 1L : fitting, 1L, std::max(1L, steps - done));
  }
  const auto all = static_cast<double>(steps);
  return {off_s / all, measured_s / all, measured_s / off_s};
}

inline void print(const SideBySide& result) {
  std::printf("{\"off_s\": %.9f, \"measured_s\": %.9f, \"ratio\": %.4f}\n", result.off_s,
              result.measured_s, result.ratio);
}

}  // namespace plumb
