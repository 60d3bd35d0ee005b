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
  void begin() { used_ = 0; }
  void keep(ParamId param, const StridedView& value);
  /// Tells the recorder the update, if the parameter was kept and is as it was.
  void tell(Recorder& recorder, ParamId param, const StridedView& after);

 private:
  struct Copy {
    ParamId param = kNoParam;
    StridedView values;
    std::vector<double> memory;  ///< of any element type
  };
  template <class T>
  static void tell_as(Recorder& recorder, const Copy& before, const StridedView& after);

  std::vector<Copy> copies_;
  std::size_t used_ = 0;
};

}  // namespace plumb
