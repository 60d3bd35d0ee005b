// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/init.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numbers>
#include <vector>

#include "plumb/core/error.h"

namespace plumb {
namespace {

Param weight(std::int64_t out, std::int64_t in, DType dtype = DType::f64) {
  return Param("weight", {out, in}, dtype, in, out);
}

Param filled(Param param, const InitScheme& scheme, std::uint64_t seed = 1) {
  initialise(param, scheme, Rng(seed, "init/weight"));
  return param;
}

std::string error(std::string_view text, double gain = 1) {
  try {
    parse_init(text, gain);
  } catch (const SpecError& e) {
    return e.what();
  }
  return "no error";
}

struct Moments {
  double mean = 0, variance = 0, abs_max = 0;
};
Moments moments(const Param& param) {
  Moments m;
  const auto values = param.value.as<double>();
  const auto n = static_cast<double>(values.size());
  for (const double v : values) {
    m.mean += v / n;
    m.variance += v * v / n;
    m.abs_max = std::max(m.abs_max, std::fabs(v));
  }
  return m;
}

/// Singular values of a square matrix by one-sided Jacobi rotations (Hestenes 1958), and their
/// mean.
double mean_singular_value(std::vector<double> rows, std::size_t n) {
  for (int sweep = 0; sweep < 12; ++sweep) {
    double largest_cosine = 0;
    for (std::size_t a = 0; a < n; ++a) {
      for (std::size_t b = a + 1; b < n; ++b) {
        double* const x = &rows[a * n];
        double* const y = &rows[b * n];
        double xx = 0, yy = 0, xy = 0;
        for (std::size_t i = 0; i < n; ++i) {
          xx += x[i] * x[i];
          yy += y[i] * y[i];
          xy += x[i] * y[i];
        }
        largest_cosine = std::max(largest_cosine, std::fabs(xy) / std::sqrt(xx * yy));
        const double angle = 0.5 * std::atan2(2 * xy, xx - yy);
        const double c = std::cos(angle), s = std::sin(angle);
        for (std::size_t i = 0; i < n; ++i) {
          const double xi = x[i], yi = y[i];
          x[i] = c * xi + s * yi;
          y[i] = c * yi - s * xi;
        }
      }
    }
    if (largest_cosine < 1e-7) break;
  }
  double sum = 0;
  for (std::size_t a = 0; a < n; ++a) {
    double squared = 0;
    for (std::size_t i = 0; i < n; ++i) squared += rows[a * n + i] * rows[a * n + i];
    sum += std::sqrt(squared);
  }
  return sum / static_cast<double>(n);
}

TEST(InitTest, EverySchemeHasItsVarianceForEveryGain) {
  constexpr double kIn = 200, kOut = 300;
  const std::map<std::string, double> variances{
      {"lecun_uniform", 1 / kIn},
      {"lecun_normal", 1 / kIn},
      {"glorot_uniform", 2 / (kIn + kOut)},
      {"glorot_normal", 2 / (kIn + kOut)},
      {"he_uniform", 2 / kIn},
      {"he_normal", 2 / kIn},
      {"pytorch", 1 / (3 * kIn)},
      {"uniform:0.3", 0.03},
      {"normal:0.02", 0.0004},
      {"orthogonal", 1 / kOut},
  };
  for (const auto& [text, variance] : variances) {
    for (const double gain : {1.0, 5.0 / 3, 0.1}) {
      const Moments m = moments(filled(weight(300, 200), parse_init(text, gain)));
      const double wanted = gain * gain * variance;
      // Var of v^2 is (kurtosis - 1) variance^2: 2 for normals, 0.8 for uniforms.
      const double error_of_square = wanted * std::sqrt(2.0 / (kIn * kOut));
      EXPECT_NEAR(m.variance, wanted, 5 * error_of_square) << text << " gain " << gain;
      EXPECT_NEAR(m.mean, 0, 5 * std::sqrt(wanted / (kIn * kOut))) << text << " gain " << gain;
    }
  }
}

TEST(InitTest, PublishedLimits) {
  // Glorot and Bengio 2010, eq. 16: the limit itself, and it is reached.
  const double limit = std::sqrt(6.0 / 500);
  const Moments glorot = moments(filled(weight(300, 200), parse_init("xavier_uniform")));
  EXPECT_LE(glorot.abs_max, limit);
  EXPECT_GT(glorot.abs_max, 0.999 * limit);
  // Their eq. 15, and what torch.nn.Linear does: n Var W = 1/3.
  const Moments standard = moments(filled(weight(300, 200), parse_init("standard")));
  EXPECT_NEAR(200 * standard.variance, 1.0 / 3, 5 * std::sqrt(0.8 / 60000) / 3);
  EXPECT_LE(standard.abs_max, 1 / std::sqrt(200.0));
  // He et al. 2015, eq. 14: the 3x3 convolutions of VGG-B have std 0.059 and 0.021.
  for (const auto& [channels, std_dev] : {std::pair{64, 0.0589255651}, {512, 0.0208333333}}) {
    Param conv("weight", {32, channels, 3, 3}, DType::f64, 9 * channels, 9 * 32);
    const Moments he = moments(filled(std::move(conv), parse_init("kaiming_normal")));
    EXPECT_NEAR(std::sqrt(he.variance), std_dev, 5 * std_dev / std::sqrt(2.0 * 288 * channels));
  }
}

TEST(InitTest, ASquareNormalMatrixHasTheMeanSingularValueOfTheQuarterCircle) {
  constexpr std::size_t kSize = 300;
  const Param param = filled(weight(kSize, kSize), parse_init("lecun_normal"));
  const auto values = param.value.as<double>();
  // 8 / (3 pi) = 0.848826; sums of singular values hardly fluctuate: the spread of the mean is
  // O(1/n).
  EXPECT_NEAR(mean_singular_value({values.begin(), values.end()}, kSize),
              8 / (3 * std::numbers::pi), 0.005);
  const Param q = filled(weight(40, 40), parse_init("orthogonal", 3));
  const auto orthogonal = q.value.as<double>();
  EXPECT_NEAR(mean_singular_value({orthogonal.begin(), orthogonal.end()}, 40), 3, 1e-12);
}

TEST(InitTest, FixedFillings) {
  const Param zeros = filled(weight(3, 2), parse_init("zeros", 5));
  for (const double v : zeros.value.as<double>()) EXPECT_EQ(v, 0);
  const Param constant = filled(weight(3, 2), parse_init("constant:-0.5", 4));
  for (const double v : constant.value.as<double>()) EXPECT_EQ(v, -2);
  const Param tall = filled(weight(3, 2), parse_init("identity", 2));
  const std::vector<double> wanted{2, 0, 0, 2, 0, 0};
  EXPECT_TRUE(std::equal(wanted.begin(), wanted.end(), tall.value.as<double>().begin()));
}

TEST(InitTest, IdentityOfAConvolutionIsItsCentralTap) {
  const Param conv =
      filled(Param("weight", {3, 2, 3, 5}, DType::f64, 30, 45), parse_init("identity"));
  const auto values = conv.value.as<double>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t out = i / 30, in = i / 15 % 2, row = i / 5 % 3, column = i % 5;
    EXPECT_EQ(values[i], out == in && row == 1 && column == 2 ? 1 : 0) << i;
  }
}

TEST(InitTest, DeltaOrthogonalIsOrthogonalOnTheCentralTapOfEachGroup) {
  for (const std::size_t groups : {1u, 2u}) {
    const std::size_t outs = 8, ins = 3;
    const auto group_outs = static_cast<std::int64_t>(outs / groups);
    const Param conv = filled(Param("weight", {8, 3, 3, 2}, DType::f64, 3 * 6, group_outs * 6),
                              parse_init("delta_orthogonal", 2));
    const auto values = conv.value.as<double>();
    const auto centre = [&](std::size_t o, std::size_t c) { return values[(o * ins + c) * 6 + 2]; };
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i % 6 != 2) {
        EXPECT_EQ(values[i], 0) << i;
      }
    }
    for (std::size_t g = 0; g < groups; ++g) {
      for (std::size_t a = 0; a < ins; ++a) {
        for (std::size_t b = 0; b < ins; ++b) {
          double dot = 0;
          for (std::size_t o = g * outs / groups; o < (g + 1) * outs / groups; ++o) {
            dot += centre(o, a) * centre(o, b);
          }
          EXPECT_NEAR(dot, a == b ? 4 : 0, 1e-12) << groups << " " << g;
        }
      }
    }
  }
  const Param dense = filled(weight(5, 4), parse_init("delta_orthogonal"));
  const Param same = filled(weight(5, 4), parse_init("orthogonal"));
  EXPECT_TRUE(std::ranges::equal(dense.value.as<double>(), same.value.as<double>()));
}

TEST(InitTest, AVectorHasNoDiagonalAndNoColumns) {
  for (const char* text : {"identity", "orthogonal", "delta_orthogonal"}) {
    Param bias("bias", {7}, DType::f64, 3, 7);
    bias.value.as<double>()[2] = 9;
    bias = filled(std::move(bias), parse_init(text));
    for (const double v : bias.value.as<double>()) EXPECT_EQ(v, 0) << text;
  }
}

TEST(InitTest, ABiasHasTheFansOfItsWeight) {
  const Moments m =
      moments(filled(Param("bias", {5000}, DType::f64, 100, 5000), parse_init("pytorch")));
  EXPECT_LE(m.abs_max, 0.1);
  EXPECT_GT(m.abs_max, 0.099);
}

TEST(InitTest, FloatIsTheDoubleRoundedOnce) {
  for (const std::string_view name : init_names()) {
    InitScheme scheme{std::string(name), 0.7, 1.3};
    const Param d = filled(weight(17, 13), scheme);
    const Param f = filled(weight(17, 13, DType::f32), scheme);
    for (std::size_t i = 0; i < 17 * 13; ++i) {
      EXPECT_EQ(f.value.as<float>()[i], static_cast<float>(d.value.as<double>()[i])) << name;
    }
  }
}

TEST(InitTest, SeedsDifferAndRepeat) {
  const auto first = [](std::uint64_t seed) {
    return filled(weight(4, 4), parse_init("he_normal"), seed).value.as<double>()[5];
  };
  EXPECT_EQ(first(1), first(1));
  EXPECT_NE(first(1), first(2));
}

TEST(InitTest, TextsReadBack) {
  for (const char* text : {"zeros", "constant:0.5", "constant:-1e-30", "uniform:0.1", "normal:0.02",
                           "he_normal", "orthogonal", "pytorch", "identity"}) {
    EXPECT_EQ(to_string(parse_init(text)), text);
  }
  EXPECT_EQ(to_string(parse_init("xavier_normal")), "glorot_normal");
  EXPECT_EQ(to_string(parse_init("standard")), "pytorch");
  EXPECT_EQ(parse_init("he_normal", 2.5).gain, 2.5);
}

// What is drawn has the variance that theory is told.
TEST(InitTest, TheStatedVarianceIsTheOneDrawn) {
  for (const char* text :
       {"zeros", "uniform:0.1", "normal:0.02", "lecun_normal", "lecun_uniform", "glorot_normal",
        "glorot_uniform", "he_normal", "he_uniform", "orthogonal", "pytorch"}) {
    const InitScheme scheme = parse_init(text, 1.3);
    const double stated = init_variance(scheme, 200, 300);
    const Moments drawn = moments(filled(weight(300, 200), scheme));
    EXPECT_NEAR(drawn.variance, stated, 5 * stated * std::sqrt(2.0 / 60000)) << text;
  }
  EXPECT_TRUE(std::isnan(init_variance(parse_init("identity"), 4, 4)));
  EXPECT_TRUE(std::isnan(init_variance(parse_init("constant:2"), 4, 4)));
}

TEST(InitTest, ErrorsSayWhatWasExpected) {
  EXPECT_EQ(error("he_norml"), "init: unknown scheme 'he_norml', did you mean 'he_normal'?");
  EXPECT_EQ(error("kaimign_normal"),
            "init: unknown scheme 'kaimign_normal', did you mean 'kaiming_normal'?");
  EXPECT_EQ(error("quux").substr(0, 52), "init: unknown scheme 'quux', expected zeros, constan");
  EXPECT_EQ(error("normal"), "init: 'normal', expected 'normal:VALUE'");
  EXPECT_EQ(error("he_normal:2"), "init: 'he_normal:2', expected 'he_normal' without a value");
  EXPECT_EQ(error("constant:nan"),
            "init: 'constant:nan' has the value 'nan', expected a finite number");
  EXPECT_EQ(error("normal:-1"),
            "init: 'normal:-1' has the value '-1', expected a finite number that is not negative");
  EXPECT_EQ(error("uniform:"),
            "init: 'uniform:' has the value '', expected a finite number that is not negative");
  EXPECT_EQ(error("constant:1x"),
            "init: 'constant:1x' has the value '1x', expected a finite number");
  EXPECT_EQ(error("zeros", std::nan("")), "init: gain is nan, expected a finite number");
  EXPECT_THROW(filled(weight(2, 2), {"quux", 0, 1}), SpecError);
}

}  // namespace
}  // namespace plumb
