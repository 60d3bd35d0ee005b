// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "plumb/observe/recorder.h"

namespace plumb {

/// What an optimiser of somebody else's added to the parameters: a copy of each before its step is
/// held against what it is afterwards.
///
///   update = after - before, in float for what is no double
///
/// What is not dense in memory is left out, and so is a parameter that has got another type or
/// size. What has the bits that it had is not read value by value: the sketch of the value stands,
/// and the update is zero.
/// Threads Use one object from one thread. Keeps its memory from step to step.
class UpdateReader {
 public:
  /// A step begins: nothing was kept in it yet.
  void begin() { ++step_; }
  void keep(ParamId param, const StridedView& value);
  /// Tells the recorder the value and keeps it: a large one part by part, each while it is in the
  /// processor's cache.
  void tell_and_keep(Recorder& recorder, ParamId param, const StridedView& value);
  /// The parameter's copy is needed no more.
  void forget(ParamId param);
  /// Tells the recorder the update, if the parameter was kept and is as it was.
  void tell(Recorder& recorder, ParamId param, const StridedView& after);

 private:
  struct Copy {
    std::int64_t step = -1;  ///< in which it was kept
    StridedView values;
    std::vector<double> memory;    ///< of any element type
    std::optional<Sketch> sketch;  ///< of the values, where the recorder was told of them
    bool is_of(const StridedView& value) const;
    bool has_bits_of(const StridedView& value) const;
  };
  Copy& of(ParamId param);
  /// Room for the values, which are to be written.
  static void make_room(Copy& copy, const StridedView& value);
  template <class T>
  static void tell_as(Recorder& recorder, ParamId param, const Copy& before,
                      const StridedView& after);

  std::vector<Copy> copies_;  ///< by parameter
  std::int64_t step_ = 0;
};

}  // namespace plumb
