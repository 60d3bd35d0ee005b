// SPDX-License-Identifier: Apache-2.0
#include "plumb/kernels/fast/gemm.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "plumb/core/rng.h"
#include "plumb/kernels/fast/linear.h"
#include "plumb/kernels/fast/rows.h"
#include "plumb/kernels/ref/gemm.h"
#include "plumb/kernels/ref/rows.h"
#include "tests/stats/every_target.h"

namespace plumb {
namespace {

std::vector<float> random_values(std::size_t count, const char* stream) {
  const Rng rng(5, stream);
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(rng.normal(i));
  return values;
}

std::vector<double> to_double(const std::vector<float>& v) { return {v.begin(), v.end()}; }
std::vector<double> magnitudes(const std::vector<float>& v) {
  std::vector<double> m;
  for (const float x : v) m.push_back(std::abs(static_cast<double>(x)));
  return m;
}

/// Against double within 4 eps sqrt(k) sum |a||b|, with padded rows that must stay as they were.
void check_product(Transpose ta, Transpose tb, std::int64_t m, std::int64_t n, std::int64_t k,
                   float beta) {
  SCOPED_TRACE(::testing::Message()
               << "m " << m << " n " << n << " k " << k << " ta " << (ta == Transpose::yes)
               << " tb " << (tb == Transpose::yes) << " beta " << beta);
  const std::int64_t pad = 3;
  const std::int64_t lda = (ta == Transpose::no ? k : m) + pad;
  const std::int64_t ldb = (tb == Transpose::no ? n : k) + pad;
  const std::int64_t ldc = n + pad;
  const auto a = random_values(static_cast<std::size_t>(lda * (ta == Transpose::no ? m : k)), "a");
  const auto b = random_values(static_cast<std::size_t>(ldb * (tb == Transpose::no ? k : n)), "b");
  auto c = random_values(static_cast<std::size_t>(ldc * m), "c");
  if (beta == 0) {
    for (std::int64_t i = 0; i < m; ++i) {
      c[static_cast<std::size_t>(i * ldc)] = std::numeric_limits<float>::quiet_NaN();
    }
  }
  auto want = to_double(c), bound = magnitudes(c);
  const auto before = c;
  ref::gemm(ta, tb, m, n, k, to_double(a).data(), lda, to_double(b).data(), ldb,
            static_cast<double>(beta), want.data(), ldc);
  ref::gemm(ta, tb, m, n, k, magnitudes(a).data(), lda, magnitudes(b).data(), ldb,
            static_cast<double>(beta), bound.data(), ldc);
  fast::gemm(ta, tb, m, n, k, a.data(), lda, b.data(), ldb, beta, c.data(), ldc);
  const double eps = std::numeric_limits<float>::epsilon();
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < ldc; ++j) {
      const auto at = static_cast<std::size_t>(i * ldc + j);
      if (j < n) {
        const double limit = 4 * eps * std::sqrt(static_cast<double>(k)) * bound[at];
        ASSERT_NEAR(c[at], want[at], limit) << i << ", " << j;
      } else {
        ASSERT_EQ(c[at], before[at]) << "padding of row " << i;
      }
    }
  }
}

TEST(GemmTest, EveryFormStaysWithinTheErrorBoundAtEverySize) {
  for_every_target([] {
    for (const Transpose ta : {Transpose::no, Transpose::yes}) {
      for (const Transpose tb : {Transpose::no, Transpose::yes}) {
        for (const std::int64_t m : {1, 2, 5, 16, 33, 64}) {
          for (const std::int64_t n : {1, 3, 16, 17, 32, 48, 65}) {
            for (const std::int64_t k : {1, 4, 15, 32, 64, 100}) {
              check_product(ta, tb, m, n, k, 0.0f);
              check_product(ta, tb, m, n, k, 1.0f);
            }
          }
        }
        check_product(ta, tb, 130, 200, 300, 0.0f);
        for (const std::int64_t n : {1, 2, 3, 4, 5}) {
          check_product(ta, tb, 131, n, 145, 0.0f);
          check_product(ta, tb, 515, n, 64, 1.0f);
        }
        check_product(ta, tb, 66, 2, 2100, 0.5f);
      }
    }
  });
}

TEST(GemmTest, ANaNReachesItsRowAndColumnAlone) {
  for (const std::int64_t n : {8, 64, 200}) {
    const auto count = static_cast<std::size_t>(n * n);
    auto a = random_values(count, "a");
    const auto b = random_values(count, "b");
    a[static_cast<std::size_t>(3 * n + 2)] = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> c(count);
    fast::gemm(Transpose::no, Transpose::yes, n, n, n, a.data(), n, b.data(), n, 0.0f, c.data(), n);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(std::isnan(c[i]), i / static_cast<std::size_t>(n) == 3) << n << " " << i;
    }
  }
}

TEST(GemmTest, ANaNStaysInItsRowWhereColumnsAreFew) {
  const std::int64_t m = 100, n = 2, k = 200;
  auto a = random_values(static_cast<std::size_t>(m * k), "a");
  const auto b = random_values(static_cast<std::size_t>(k * n), "b");
  for (const Transpose ta : {Transpose::no, Transpose::yes}) {
    const std::int64_t lda = ta == Transpose::no ? k : m;
    auto with_nan = a;
    const std::int64_t at = ta == Transpose::no ? 3 * lda + 199 : 199 * lda + 3;
    with_nan[static_cast<std::size_t>(at)] = std::numeric_limits<float>::quiet_NaN();
    std::vector<float> c(static_cast<std::size_t>(m * n));
    fast::gemm(ta, Transpose::no, m, n, k, with_nan.data(), lda, b.data(), n, 0.0f, c.data(), n);
    for (std::size_t i = 0; i < c.size(); ++i) ASSERT_EQ(std::isnan(c[i]), i / 2 == 3) << i;
  }
}

TEST(LinearTest, MatchesTheReferenceOnBothSidesOfThePreparedSize) {
  for (const auto& [rows, out, in] :
       {std::array<std::int64_t, 3>{5, 7, 9}, {33, 65, 40}, {130, 129, 131}}) {
    const bool prepared = rows * out * in >= fast::kPreparedMultiplies;
    EXPECT_EQ(prepared, rows == 130);
    const auto x = random_values(static_cast<std::size_t>(rows * in), "x");
    const auto weight = random_values(static_cast<std::size_t>(out * in), "weight");
    const auto bias = random_values(static_cast<std::size_t>(out), "bias");
    for (const bool with_bias : {false, true}) {
      std::vector<float> y(static_cast<std::size_t>(rows * out),
                           std::numeric_limits<float>::quiet_NaN());
      // Twice: prepared, and from what was kept.
      for (int call = 0; call < 2; ++call) {
        fast::linear(rows, out, in, x.data(), weight.data(), with_bias ? bias.data() : nullptr,
                     y.data());
      }
      for (std::int64_t i = 0; i < rows; ++i) {
        for (std::int64_t j = 0; j < out; ++j) {
          double want = with_bias ? bias[static_cast<std::size_t>(j)] : 0, size = std::abs(want);
          for (std::int64_t p = 0; p < in; ++p) {
            const double term = static_cast<double>(x[static_cast<std::size_t>(i * in + p)]) *
                                weight[static_cast<std::size_t>(j * in + p)];
            want += term;
            size += std::abs(term);
          }
          ASSERT_NEAR(y[static_cast<std::size_t>(i * out + j)], want,
                      4 * std::numeric_limits<float>::epsilon() * std::sqrt(in) * size);
        }
      }
    }
  }
}

TEST(LinearTest, StaysTheSameBehindMoreShapesThanAreKept) {
  constexpr std::int64_t rows = 64, out = 128, fewest = fast::kPreparedMultiplies / (64 * 128),
                         most = fewest + 80;
  const auto x = random_values(rows * most, "x");
  const auto weight = random_values(out * most, "weight");
  std::vector<std::vector<float>> first;
  for (int pass = 0; pass < 2; ++pass) {
    for (std::int64_t in = fewest; in < most; ++in) {
      std::vector<float> y(rows * out);
      fast::linear(rows, out, in, x.data(), weight.data(), nullptr, y.data());
      double last = 0;  // the last of y, so that not only the shapes agree with each other
      for (std::int64_t p = 0; p < in; ++p) {
        last += static_cast<double>(x[static_cast<std::size_t>((rows - 1) * in + p)]) *
                weight[static_cast<std::size_t>((out - 1) * in + p)];
      }
      ASSERT_NEAR(y.back(), last, 1e-3) << in;
      if (pass == 0) {
        first.push_back(y);
      } else {
        ASSERT_EQ(y, first[static_cast<std::size_t>(in - fewest)]) << in;
      }
    }
  }
}

TEST(GemmTest, TheOpenMpSettingOfTheProcessIsLeftAsItWas) {
  const int before = omp_get_max_threads();
  omp_set_num_threads(5);
  check_product(Transpose::no, Transpose::no, 200, 200, 200, 0.0f);
  EXPECT_EQ(omp_get_max_threads(), 5);
  omp_set_num_threads(before);
}

TEST(RowsTest, ColumnSumsMatchTheReferenceAtEveryWidth) {
  for_every_target([] {
    for (std::int64_t columns = 0; columns <= 4 * 16 + 17; ++columns) {
      for (const float beta : {0.0f, 1.0f}) {
        const std::int64_t rows = 13, stride = columns + 2;
        const auto x = random_values(static_cast<std::size_t>(rows * stride), "x");
        auto sums = random_values(static_cast<std::size_t>(columns + 1), "s");
        if (beta == 0.0f) sums[0] = std::numeric_limits<float>::quiet_NaN();
        auto want = to_double(sums);
        const float after = sums.back();
        fast::column_sums(x.data(), rows, columns, stride, beta, sums.data());
        ref::column_sums(to_double(x).data(), rows, columns, stride, static_cast<double>(beta),
                         want.data());
        for (std::size_t j = 0; j < static_cast<std::size_t>(columns); ++j) {
          ASSERT_NEAR(sums[j], want[j], 1e-5) << columns << " " << j;
        }
        if (columns > 0) {
          ASSERT_EQ(sums.back(), after);
        }
      }
    }
  });
}

}  // namespace
}  // namespace plumb
