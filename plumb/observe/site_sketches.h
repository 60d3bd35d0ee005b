// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "plumb/observe/inner_recorder.h"
#include "plumb/observe/observed_view.h"
#include "plumb/record/run_info.h"
#include "plumb/record/step_record.h"
#include "plumb/stats/piecewise_sketch.h"

namespace plumb {

/// Which use of a layer within one pass a tensor belongs to, and as which of its outputs.
struct Use {
  static constexpr std::int32_t kNext = -1;

  std::int32_t output = 0;
  /// 0 for the first use of a shared layer. kNext counts them: outputs as they come, gradients from
  /// the last output of the pass back to its first, which is how they come back.
  std::int32_t call = kNext;
};

/// Gives every site of a step its place among the record's sketches, in the order in which they are
/// first recorded. What is recorded again in the step is merged, and how its uses differ becomes an
/// inner quantity along Axis::call or Axis::pass: "grad_a_log2_rms" by use.
///
/// Threads Use one object from one thread. Allocates nothing once it has seen a step like the one
///         it is given.
class SiteSketches {
 public:
  void begin(const RunInfo& info, std::vector<SketchRecord>& records);
  void next_pass() { ++pass_; }
  void finish(InnerRecorder& inner);

  /// Of one tensor.
  void add(const Site& site, ConstView values, double log2_scale, std::int32_t call = Use::kNext);
  void add(const Site& site, const ObservedView& view, std::int32_t call = Use::kNext);
  /// Of one that was sketched elsewhere.
  void add(const Site& site, const Sketch& sketch, std::int32_t call = Use::kNext);
  /// The place of a site that the caller sketches itself, to be asked for with sketch().
  std::size_t take_once(const Site& site);
  /// Of a site that was recorded in this step.
  std::size_t place_of(const Site& site) { return at(entry(site).place); }
  /// Valid until the next site is recorded.
  Sketch& sketch(std::size_t place) { return (*records_)[place].sketch; }

  bool has(const Site& site) { return entry(site).step == step_; }
  /// Of what was recorded last, alone.
  const Sketch& last() const { return last_ < 0 ? more_ : (*records_)[at(last_)].sketch; }
  std::int32_t pass() const { return pass_; }

 private:
  static constexpr std::size_t at(std::int64_t place) { return static_cast<std::size_t>(place); }
  struct Entry {
    std::int64_t step = -1;     ///< the last in which the site was recorded
    std::int32_t place = 0;     ///< of its sketch among the records
    std::int32_t pass = 0;      ///< in which it was recorded last
    std::int32_t calls = 0;     ///< in that pass
    std::int32_t history = -1;  ///< place in histories_, once recorded twice
    std::int32_t first_pass = 0, first_call = 0;
  };
  /// One use of a site that is recorded several times.
  struct RecordedUse {
    std::int32_t pass = 0, call = 0;
    MeanSquare size;
  };
  struct History {
    Site site;
    std::vector<RecordedUse> uses;
  };

  Entry& entry(const Site& site);
  Sketch& take(const Site& site, Entry& entry);
  /// Where the sketch of the tensor that comes now goes: into the record if it is the site's first.
  struct Slot {
    Entry* entry;
    Sketch* sketch;
    bool is_first;
    std::int32_t call;
  };
  Slot slot_for(const Site& site, std::int32_t call);
  void note(const Site& site, const Slot& slot);
  std::int32_t next_call(const Site& site, const Entry& entry);

  std::vector<SketchRecord>* records_ = nullptr;
  std::int64_t step_ = 0;  ///< counts begin(), so that no entry needs to be cleared
  std::int32_t used_ = 0, pass_ = 0;
  std::int64_t last_ = 0;
  std::vector<Entry> layers_, params_;  ///< by id and role
  std::unordered_map<std::int64_t, Entry> further_outputs_;
  std::vector<History> histories_;
  std::size_t histories_used_ = 0;
  Sketch more_;
  PiecewiseSketch pieces_;  ///< of what has padding
};

}  // namespace plumb
