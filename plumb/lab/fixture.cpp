// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/fixture.h"

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
    : specimen(repeat(20, "dense 16 > " + activation) + " > dense 4", kWidth, kBatch),
      labels(kBatch) {
  Lcg lcg(7);
  lcg.fill(specimen.input(), 1);
  for (std::size_t i = 0; i < specimen.param_count(); ++i) {
    const bool is_weight = i % 2 == 0;
    lcg.fill(specimen.param(i), is_weight ? gain * std::sqrt(3.0 / kWidth) : 0);
  }
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % 4);
}

}  // namespace plumb::lab
