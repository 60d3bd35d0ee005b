// SPDX-License-Identifier: Apache-2.0
#include "plumb/kernels/fast/rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plumb/kernels/fast/rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace plumb::fast {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

void ColumnSums(const float* HWY_RESTRICT x, std::int64_t rows, std::int64_t columns,
                std::int64_t stride, float beta, float* HWY_RESTRICT sums) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t j = 0;
  // Four vectors side by side hide the latency of the addition and use whole cache lines.
  for (; j + 4 * lanes <= columns; j += 4 * lanes) {
    auto s0 = hn::Zero(d), s1 = s0, s2 = s0, s3 = s0;
    if (beta != 0.0f) {
      const auto b = hn::Set(d, beta);
      s0 = hn::Mul(b, hn::LoadU(d, sums + j));
      s1 = hn::Mul(b, hn::LoadU(d, sums + j + lanes));
      s2 = hn::Mul(b, hn::LoadU(d, sums + j + 2 * lanes));
      s3 = hn::Mul(b, hn::LoadU(d, sums + j + 3 * lanes));
    }
    const float* from = x + j;
    for (std::int64_t i = 0; i < rows; ++i, from += stride) {
      s0 = hn::Add(s0, hn::LoadU(d, from));
      s1 = hn::Add(s1, hn::LoadU(d, from + lanes));
      s2 = hn::Add(s2, hn::LoadU(d, from + 2 * lanes));
      s3 = hn::Add(s3, hn::LoadU(d, from + 3 * lanes));
    }
    hn::StoreU(s0, d, sums + j);
    hn::StoreU(s1, d, sums + j + lanes);
    hn::StoreU(s2, d, sums + j + 2 * lanes);
    hn::StoreU(s3, d, sums + j + 3 * lanes);
  }
  for (; j + lanes <= columns; j += lanes) {
    auto sum = beta != 0.0f ? hn::Mul(hn::Set(d, beta), hn::LoadU(d, sums + j)) : hn::Zero(d);
    for (std::int64_t i = 0; i < rows; ++i) sum = hn::Add(sum, hn::LoadU(d, x + i * stride + j));
    hn::StoreU(sum, d, sums + j);
  }
  for (; j < columns; ++j) {
    float sum = beta != 0.0f ? beta * sums[j] : 0.0f;
    for (std::int64_t i = 0; i < rows; ++i) sum += x[i * stride + j];
    sums[j] = sum;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace plumb::fast
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plumb::fast {

HWY_EXPORT(ColumnSums);

void column_sums(const float* x, std::int64_t rows, std::int64_t columns, std::int64_t stride,
                 float beta, float* sums) {
  HWY_DYNAMIC_DISPATCH(ColumnSums)(x, rows, columns, stride, beta, sums);
}

}  // namespace plumb::fast
#endif
