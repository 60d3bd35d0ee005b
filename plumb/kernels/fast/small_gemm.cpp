// SPDX-License-Identifier: Apache-2.0
#include "plumb/kernels/fast/small_gemm.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plumb/kernels/fast/small_gemm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace plumb::fast {
namespace HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;
using Vec = hn::Vec<Tag>;

/// Floats of the packed B on the stack.
constexpr std::int64_t kPacked = 8192;
/// Rows of C held in registers, times two vectors: 16 of 32 registers, or 8 of 16.
constexpr int kRows = hn::MaxLanes(Tag()) >= 16 ? 8 : 4;

/// op(A) at row i, column p.
template <bool kTransposeA>
struct Left {
  const float* data;
  std::int64_t stride;
  HWY_INLINE float operator()(std::int64_t i, std::int64_t p) const {
    return kTransposeA ? data[p * stride + i] : data[i * stride + p];
  }
};

/// Columns [0, columns) of one vector of C, the rest of it being padding.
HWY_INLINE void Write(Vec sum, float beta, float* c, std::int64_t columns) {
  const Tag d;
  if (columns >= static_cast<std::int64_t>(hn::Lanes(d))) {
    if (beta != 0.0f) sum = hn::MulAdd(hn::Set(d, beta), hn::LoadU(d, c), sum);
    hn::StoreU(sum, d, c);
    return;
  }
  HWY_ALIGN float buffer[hn::MaxLanes(d)];
  hn::Store(sum, d, buffer);
  for (std::int64_t j = 0; j < columns; ++j) {
    c[j] = beta == 0.0f ? buffer[j] : beta * c[j] + buffer[j];
  }
}

/// kHeight rows by kWidth vectors of C in registers, from row i on; b is the first column's row 0.
template <int kHeight, int kWidth, bool kTransposeA>
HWY_INLINE void Tile(Left<kTransposeA> a, std::int64_t i, std::int64_t k, const float* b,
                     std::int64_t ldb, float beta, float* c, std::int64_t ldc,
                     std::int64_t columns) {
  const Tag d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  Vec sum[kHeight][kWidth];
  for (auto& row : sum) {
    for (Vec& s : row) s = hn::Zero(d);
  }
  for (std::int64_t p = 0; p < k; ++p, b += ldb) {
    Vec b_row[kWidth];
    for (int v = 0; v < kWidth; ++v) b_row[v] = hn::LoadU(d, b + v * lanes);
    for (int r = 0; r < kHeight; ++r) {
      const Vec a_rp = hn::Set(d, a(i + r, p));
      for (int v = 0; v < kWidth; ++v) sum[r][v] = hn::MulAdd(a_rp, b_row[v], sum[r][v]);
    }
  }
  for (int r = 0; r < kHeight; ++r) {
    for (int v = 0; v < kWidth; ++v) {
      Write(sum[r][v], beta, c + (i + r) * ldc + v * lanes, columns - v * lanes);
    }
  }
}

/// All rows of C for kWidth vectors of columns.
template <int kWidth, bool kTransposeA>
HWY_INLINE void Panel(Left<kTransposeA> a, std::int64_t m, std::int64_t k, const float* b,
                      std::int64_t ldb, float beta, float* c, std::int64_t ldc,
                      std::int64_t columns) {
  std::int64_t i = 0;
  for (; i + kRows <= m; i += kRows) Tile<kRows, kWidth>(a, i, k, b, ldb, beta, c, ldc, columns);
  if (kRows > 4 && i + 4 <= m) {
    Tile<4, kWidth>(a, i, k, b, ldb, beta, c, ldc, columns);
    i += 4;
  }
  for (; i < m; ++i) Tile<1, kWidth>(a, i, k, b, ldb, beta, c, ldc, columns);
}

template <bool kTransposeA>
void Product(Left<kTransposeA> a, std::int64_t m, std::int64_t n, std::int64_t k, const float* b,
             std::int64_t ldb, float beta, float* c, std::int64_t ldc) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(Tag()));
  std::int64_t j = 0;
  for (; j + lanes < n; j += 2 * lanes) Panel<2>(a, m, k, b + j, ldb, beta, c + j, ldc, n - j);
  if (j < n) Panel<1>(a, m, k, b + j, ldb, beta, c + j, ldc, n - j);
}

/// Writes B^T for B [n, k] as [k, stride], four by four.
void PackTransposed(const float* b, std::int64_t ldb, std::int64_t n, std::int64_t k, float* packed,
                    std::int64_t stride) {
  std::int64_t j = 0;
#if HWY_TARGET != HWY_SCALAR
  const hn::CappedTag<float, 4> d;
  if (hn::Lanes(d) == 4) {
    for (; j + 4 <= n; j += 4) {
      const float* const from = b + j * ldb;
      std::int64_t p = 0;
      for (; p + 4 <= k; p += 4) {
        const auto r0 = hn::LoadU(d, from + p), r1 = hn::LoadU(d, from + ldb + p);
        const auto r2 = hn::LoadU(d, from + 2 * ldb + p), r3 = hn::LoadU(d, from + 3 * ldb + p);
        const auto low02 = hn::InterleaveLower(d, r0, r2), low13 = hn::InterleaveLower(d, r1, r3);
        const auto high02 = hn::InterleaveUpper(d, r0, r2), high13 = hn::InterleaveUpper(d, r1, r3);
        float* const to = packed + p * stride + j;
        hn::StoreU(hn::InterleaveLower(d, low02, low13), d, to);
        hn::StoreU(hn::InterleaveUpper(d, low02, low13), d, to + stride);
        hn::StoreU(hn::InterleaveLower(d, high02, high13), d, to + 2 * stride);
        hn::StoreU(hn::InterleaveUpper(d, high02, high13), d, to + 3 * stride);
      }
      for (; p < k; ++p) {
        for (std::int64_t r = 0; r < 4; ++r) packed[p * stride + j + r] = from[r * ldb + p];
      }
    }
  }
#endif
  for (; j < n; ++j) {
    for (std::int64_t p = 0; p < k; ++p) packed[p * stride + j] = b[j * ldb + p];
  }
}

}  // namespace

bool SmallGemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
               std::int64_t k, const float* a, std::int64_t lda, const float* b, std::int64_t ldb,
               float beta, float* c, std::int64_t ldc) {
  constexpr std::int64_t kSmall = 64;  // from 128 on oneDNN is faster (bench/kernels)
  if (n > kSmall || std::min(m, k) > kSmall || m * k > 4 * kSmall * kSmall) return false;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(Tag()));
  HWY_ALIGN float packed[kPacked];
  const bool whole_vectors = n % lanes == 0;
  if (transpose_b == Transpose::yes || !whole_vectors) {
    const std::int64_t stride = (n + lanes - 1) / lanes * lanes;
    if (k * stride > kPacked) return false;
    if (!whole_vectors) std::fill_n(packed, k * stride, 0.0f);
    if (transpose_b == Transpose::yes) {
      PackTransposed(b, ldb, n, k, packed, stride);
    } else {
      for (std::int64_t p = 0; p < k; ++p) std::copy_n(b + p * ldb, n, packed + p * stride);
    }
    b = packed;
    ldb = stride;
  }
  if (transpose_a == Transpose::yes) {
    Product(Left<true>{a, lda}, m, n, k, b, ldb, beta, c, ldc);
  } else {
    Product(Left<false>{a, lda}, m, n, k, b, ldb, beta, c, ldc);
  }
  return true;
}

}  // namespace HWY_NAMESPACE
}  // namespace plumb::fast
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plumb::fast {

HWY_EXPORT(SmallGemm);

bool small_gemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
                std::int64_t k, const float* a, std::int64_t lda, const float* b, std::int64_t ldb,
                float beta, float* c, std::int64_t ldc) {
  return HWY_DYNAMIC_DISPATCH(SmallGemm)(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta, c,
                                         ldc);
}

}  // namespace plumb::fast
#endif
