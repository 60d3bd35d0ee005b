// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plumb/observe/recorder.h"

namespace plumb {

/// What an optimiser of somebody else's added to the parameters: a copy of each before its step is
/// held against what it is afterwards.
///
///   update = after - before, in float for what is no double
///
/// What is not dense in memory is left out, and so is a parameter that has got another type or
/// size.
/// Threads Use one object from one thread. Keeps its memory from step to step.
class UpdateReader {
 public:
  void begin() { used_ = next_ = 0; }
  void keep(ParamId param, const StridedView& value);
  /// Tells the recorder the value and keeps it: a large one part by part, each while it is in the
  /// processor's cache.
  void tell_and_keep(Recorder& recorder, ParamId param, const StridedView& value);
  /// Tells the recorder the update, if the parameter was kept and is as it was.
  void tell(Recorder& recorder, ParamId param, const StridedView& after);

 private:
  struct Copy {
    ParamId param = kNoParam;
    StridedView values;
    std::vector<double> memory;  ///< of any element type
  };
  /// Room for a copy; its values are to be written.
  Copy& add(ParamId param, const StridedView& value);
  template <class T>
  static void tell_as(Recorder& recorder, const Copy& before, const StridedView& after);

  std::vector<Copy> copies_;
  std::size_t used_ = 0;
  std::size_t next_ = 0;  ///< parameters are told in the order in which they were kept
};

}  // namespace plumb
