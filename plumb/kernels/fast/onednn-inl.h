// SPDX-License-Identifier: Apache-2.0
// For the sources that call oneDNN, and for them only: everybody else sees gemm.h, linear.h and
// convolution.h.
#pragma once

#include <omp.h>

#include <dnnl.hpp>

#include "plumb/core/signals.h"

namespace plumb::fast {

/// How many primitives oneDNN may keep prepared for the whole process, with the code that it made
/// for each: some 130 KB for a convolution. By itself it keeps 1024, which a sweep over shapes
/// fills and never uses again; a network has a few for each shape of layer. Who has set another
/// number than oneDNN's own keeps it.
inline constexpr int kMostPrimitives = 128;

inline void keep_few_primitives() {
  constexpr int kOwnOfOneDnn = 1024;
  if (dnnl::get_primitive_cache_capacity() == kOwnOfOneDnn) {
    dnnl::set_primitive_cache_capacity(kMostPrimitives);
  }
}

/// Lives around each call of oneDNN, preparing calls included.
///
/// oneDNN would start its own OpenMP team inside each of our chunks. The setting belongs to the
/// calling thread, so it is put back for the process that embeds us.
///
/// Its float matrix products before 3.11.2 (oneDNN issue 4845), which some convolutions are made of
/// too, point the stack pointer at the heap for a while: the handler of a signal that came then
/// would overwrite the heap.
class OneDnnCall {
 public:
  OneDnnCall() : threads_before_(omp_get_max_threads()) {
    if (threads_before_ != 1) omp_set_num_threads(1);
    [[maybe_unused]] static const bool keeps_few = (keep_few_primitives(), true);
  }
  ~OneDnnCall() {
    if (threads_before_ != 1) omp_set_num_threads(threads_before_);
  }
  OneDnnCall(const OneDnnCall&) = delete;
  OneDnnCall& operator=(const OneDnnCall&) = delete;

 private:
  int threads_before_;
  HeldSignals held_;
};

}  // namespace plumb::fast
