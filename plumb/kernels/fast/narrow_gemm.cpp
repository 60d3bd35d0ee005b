// SPDX-License-Identifier: Apache-2.0
#include "plumb/kernels/fast/narrow_gemm.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plumb/kernels/fast/narrow_gemm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace plumb::fast {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;
using Vec = hn::Vec<Tag>;

/// Rows of C held in registers where A is not transposed.
constexpr int kRows = 4;
/// Inner length of B on the stack, for each of up to four columns.
constexpr std::int64_t kPackedLength = 2048;

HWY_INLINE void Write(float sum, float beta, float* c) {
  *c = beta == 0.0f ? sum : beta * *c + sum;
}

/// kHeight rows of C from row i on; b holds column j of op(B) from b + j * ldb on.
template <int kHeight, int kColumns>
HWY_INLINE void DotRows(const float* a, std::int64_t lda, std::int64_t i, std::int64_t k,
                        const float* b, std::int64_t ldb, float beta, float* c, std::int64_t ldc) {
  const Tag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  Vec sum[kHeight][kColumns];
  for (auto& row : sum) {
    for (Vec& s : row) s = hn::Zero(d);
  }
  std::int64_t p = 0;
  for (; p + lanes <= k; p += lanes) {
    Vec b_part[kColumns];
    for (int j = 0; j < kColumns; ++j) b_part[j] = hn::LoadU(d, b + j * ldb + p);
    for (int r = 0; r < kHeight; ++r) {
      const Vec a_part = hn::LoadU(d, a + (i + r) * lda + p);
      for (int j = 0; j < kColumns; ++j) sum[r][j] = hn::MulAdd(a_part, b_part[j], sum[r][j]);
    }
  }
  for (int r = 0; r < kHeight; ++r) {
    for (int j = 0; j < kColumns; ++j) {
      float total = hn::GetLane(hn::SumOfLanes(d, sum[r][j]));
      for (std::int64_t rest = p; rest < k; ++rest) {
        total += a[(i + r) * lda + rest] * b[j * ldb + rest];
      }
      Write(total, beta, c + (i + r) * ldc + j);
    }
  }
}

template <int kColumns>
void ProductOfRows(std::int64_t m, std::int64_t k, const float* a, std::int64_t lda, const float* b,
                   std::int64_t ldb, float beta, float* c, std::int64_t ldc) {
  std::int64_t i = 0;
  for (; i + kRows <= m; i += kRows) DotRows<kRows, kColumns>(a, lda, i, k, b, ldb, beta, c, ldc);
  for (; i < m; ++i) DotRows<1, kColumns>(a, lda, i, k, b, ldb, beta, c, ldc);
}

/// op(B) at row p, column j.
struct Right {
  const float* data;
  std::int64_t by_row, by_column;
  HWY_INLINE float operator()(std::int64_t p, std::int64_t j) const {
    return data[p * by_row + j * by_column];
  }
};

/// kVectors vectors of rows of C from row i on, A being stored as [k, m].
template <int kVectors, int kColumns>
HWY_INLINE void OuterRows(const float* a, std::int64_t lda, std::int64_t i, std::int64_t k, Right b,
                          float beta, float* c, std::int64_t ldc) {
  const Tag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  Vec sum[kVectors][kColumns];
  for (auto& part : sum) {
    for (Vec& s : part) s = hn::Zero(d);
  }
  const float* from = a + i;
  for (std::int64_t p = 0; p < k; ++p, from += lda) {
    Vec b_value[kColumns];
    for (int j = 0; j < kColumns; ++j) b_value[j] = hn::Set(d, b(p, j));
    for (int v = 0; v < kVectors; ++v) {
      const Vec a_part = hn::LoadU(d, from + v * lanes);
      for (int j = 0; j < kColumns; ++j) sum[v][j] = hn::MulAdd(a_part, b_value[j], sum[v][j]);
    }
  }
  HWY_ALIGN float buffer[hn::MaxLanes(d)];
  for (int v = 0; v < kVectors; ++v) {
    for (int j = 0; j < kColumns; ++j) {
      hn::Store(sum[v][j], d, buffer);
      float* const to = c + (i + v * lanes) * ldc + j;
      for (std::int64_t r = 0; r < lanes; ++r) Write(buffer[r], beta, to + r * ldc);
    }
  }
}

template <int kColumns>
void ProductOfColumns(std::int64_t m, std::int64_t k, const float* a, std::int64_t lda, Right b,
                      float beta, float* c, std::int64_t ldc) {
  constexpr int kVectors = 4;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(Tag()));
  std::int64_t i = 0;
  for (; i + kVectors * lanes <= m; i += kVectors * lanes)
    OuterRows<kVectors, kColumns>(a, lda, i, k, b, beta, c, ldc);
  for (; i + lanes <= m; i += lanes) OuterRows<1, kColumns>(a, lda, i, k, b, beta, c, ldc);
  for (; i < m; ++i) {
    for (int j = 0; j < kColumns; ++j) {
      float total = 0;
      for (std::int64_t p = 0; p < k; ++p) total += a[p * lda + i] * b(p, j);
      Write(total, beta, c + i * ldc + j);
    }
  }
}

}  // namespace

template <int kColumns>
bool Product(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t k,
             const float* a, std::int64_t lda, const float* b, std::int64_t ldb, float beta,
             float* c, std::int64_t ldc) {
  const bool b_is_transposed = transpose_b == Transpose::yes;
  if (transpose_a == Transpose::yes) {
    const Right right{b, b_is_transposed ? 1 : ldb, b_is_transposed ? ldb : 1};
    ProductOfColumns<kColumns>(m, k, a, lda, right, beta, c, ldc);
    return true;
  }
  if (b_is_transposed) {
    ProductOfRows<kColumns>(m, k, a, lda, b, ldb, beta, c, ldc);
    return true;
  }
  if (k > kPackedLength) return false;
  HWY_ALIGN float packed[kColumns * kPackedLength];
  for (std::int64_t p = 0; p < k; ++p) {
    for (int j = 0; j < kColumns; ++j) packed[j * kPackedLength + p] = b[p * ldb + j];
  }
  ProductOfRows<kColumns>(m, k, a, lda, packed, kPackedLength, beta, c, ldc);
  return true;
}

bool NarrowGemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
                std::int64_t k, const float* a, std::int64_t lda, const float* b, std::int64_t ldb,
                float beta, float* c, std::int64_t ldc) {
  switch (n) {
    case 1: return Product<1>(transpose_a, transpose_b, m, k, a, lda, b, ldb, beta, c, ldc);
    case 2: return Product<2>(transpose_a, transpose_b, m, k, a, lda, b, ldb, beta, c, ldc);
    case 3: return Product<3>(transpose_a, transpose_b, m, k, a, lda, b, ldb, beta, c, ldc);
    case 4: return Product<4>(transpose_a, transpose_b, m, k, a, lda, b, ldb, beta, c, ldc);
    default: return false;
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace plumb::fast
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plumb::fast {

HWY_EXPORT(NarrowGemm);

bool narrow_gemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
                 std::int64_t k, const float* a, std::int64_t lda, const float* b, std::int64_t ldb,
                 float beta, float* c, std::int64_t ldc) {
  return HWY_DYNAMIC_DISPATCH(NarrowGemm)(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta,
                                          c, ldc);
}

}  // namespace plumb::fast
#endif
