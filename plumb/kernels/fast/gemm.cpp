// SPDX-License-Identifier: Apache-2.0
// The only source that knows oneDNN; what it calls is the same in the 2.x and 3.x interfaces.
#include "plumb/kernels/fast/gemm.h"

#include <dnnl.h>
#include <omp.h>

#include <stdexcept>
#include <string>

#include "plumb/kernels/fast/small_gemm.h"

namespace plumb::fast {

namespace {

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

char letter(Transpose transpose) { return transpose == Transpose::yes ? 'T' : 'N'; }

}  // namespace

void gemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
          std::int64_t k, const float* a, std::int64_t lda, const float* b, std::int64_t ldb,
          float beta, float* c, std::int64_t ldc) {
  if (small_gemm(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta, c, ldc)) return;
  const SingleOpenMpThread single;
  const dnnl_status_t status = dnnl_sgemm(letter(transpose_a), letter(transpose_b), m, n, k, 1.0f,
                                          a, lda, b, ldb, beta, c, ldc);
  if (status != dnnl_success) {
    throw std::runtime_error("gemm: oneDNN returned status " + std::to_string(status) + " for m " +
                             std::to_string(m) + ", n " + std::to_string(n) + ", k " +
                             std::to_string(k) + ", expected success");
  }
}

}  // namespace plumb::fast
