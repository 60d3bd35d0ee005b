// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/zoo/trial.h"

namespace plumb::zoo {

/// One answer beside the truth. What is judged is its first alarm: the first finding that is a
/// warning or worse.
struct Judgement {
  bool alarmed = false;
  bool class_right = false;  ///< of a sick run: its rule is one of the truth's
  bool place_right = false;  ///< where one layer is bad: it is named
  bool cause_right = false;  ///< its cause is one of the truth's
  bool said_healthy = false;
};
Judgement judge(const Trial& trial, const Answer& answer);

/// A network that took away less than this part of the baseline's loss has learned nothing.
inline constexpr double kLearnedNothing = 0.03;

/// So many of so many.
struct Count {
  std::int64_t right = 0;
  std::int64_t of = 0;
  void add(bool is_right) {
    right += is_right;
    ++of;
  }
  void add(const Count& other) {
    right += other.right;
    of += other.of;
  }
};

/// What a list of trials came to, at one moment of the training.
struct Tally {
  Count class_right;          ///< of sick runs; at the start of those that one step shows
  Count place_right;          ///< of sick runs with one bad layer
  Count cause_right;          ///< of sick runs
  Count missed;               ///< sick runs without an alarm
  Count false_alarms;         ///< of healthy runs
  Count healthy_at_baseline;  ///< "healthy" said of runs that learned nothing
  void add(const Tally& other);
};
/// Adds one trial: at the start or at the end.
void add_to(Tally& tally, const Trial& trial, bool at_start);

/// One set of rules of others: whether it named a sick run (alone or among other things), and
/// whether it reported anything of a healthy one.
struct PeerTally {
  Count class_right;
  Count alone;  ///< named it and nothing else
  Count missed;
  Count false_alarms;
};
/// `index` is that of peers().
void add_to(PeerTally& tally, const Trial& trial, std::size_t index, bool at_start);

}  // namespace plumb::zoo
