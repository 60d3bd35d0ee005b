// SPDX-License-Identifier: Apache-2.0
// For the sources that call oneDNN, and for them only: everybody else sees gemm.h, linear.h and
// convolution.h.
#pragma once

#include <omp.h>

#include <dnnl.hpp>

namespace plumb::fast {

/// oneDNN would start its own OpenMP team inside each of our chunks. The setting belongs to the
/// calling thread, so it is put back for the process that embeds us.
class SingleOpenMpThread {
 public:
  SingleOpenMpThread() : before_(omp_get_max_threads()) {
    if (before_ != 1) omp_set_num_threads(1);
  }
  ~SingleOpenMpThread() {
    if (before_ != 1) omp_set_num_threads(before_);
  }
  SingleOpenMpThread(const SingleOpenMpThread&) = delete;
  SingleOpenMpThread& operator=(const SingleOpenMpThread&) = delete;

 private:
  int before_;
};

}  // namespace plumb::fast
