// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/fixture.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace plumb::lab {

namespace {

constexpr std::int64_t kBatch = 8, kWidth = 16;

class Lcg {
 public:
  explicit Lcg(std::uint64_t seed) : x_(seed) {}
  double uniform() {
    constexpr std::uint64_t kModulus = std::uint64_t{1} << 31;
    x_ = (1103515245 * x_ + 12345) % kModulus;
    return static_cast<double>(x_) / static_cast<double>(kModulus);
  }
  void fill(std::span<double> values, double scale) {
    for (double& value : values) value = (2 * uniform() - 1) * scale;
  }

 private:
  std::uint64_t x_;
};

}  // namespace

DeepFixture::DeepFixture(const std::string& activation, double gain)
    : network(repeat(20, "dense 16 > " + activation) + " > dense 4", kWidth, kBatch),
      labels(kBatch) {
  Lcg lcg(7);
  lcg.fill(network.input(), 1);
  for (std::size_t i = 0; i < network.param_count(); ++i) {
    const bool is_weight = i % 2 == 0;
    lcg.fill(network.param(i), is_weight ? gain * std::sqrt(3.0 / kWidth) : 0);
  }
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % 4);
}

RecurrentFixture::RecurrentFixture(const std::string& layer, double forget_bias)
    : network(layer + " 6 > last > dense 2 bias=false", Shape{30, 2}, 3),
      wanted(Shape{3, 2}, DType::f64) {
  constexpr std::size_t kSteps = 30, kSamples = 3, kInputs = 2, kHidden = 6;
  Lcg lcg(11);
  for (std::size_t t = 0; t < kSteps; ++t) {
    for (std::size_t b = 0; b < kSamples; ++b) {
      lcg.fill(network.input().subspan((b * kSteps + t) * kInputs, kInputs), 1);
    }
  }
  lcg.fill(wanted.as<double>(), 1);
  lcg.fill(network.param(0), std::sqrt(3.0 / kInputs));
  lcg.fill(network.param(1), std::sqrt(3.0 / kHidden));
  lcg.fill(network.param(2), 0.1);
  std::ranges::fill(network.param(3), 0.0);
  lcg.fill(network.param(4), std::sqrt(3.0 / kHidden));
  if (layer != "lstm") return;
  for (double& bias : network.param(2).subspan(kHidden, kHidden)) bias += forget_bias;
}

}  // namespace plumb::lab
