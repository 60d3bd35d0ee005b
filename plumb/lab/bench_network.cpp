// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/bench_network.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "plumb/core/error.h"
#include "plumb/lab/planted_fault.h"
#include "plumb/stats/magnitude.h"

namespace plumb::lab {

namespace {

double log2_norm(ConstView values, int log2_scale) {
  return log2_rms(values) + 0.5 * std::log2(static_cast<double>(values.shape.size())) + log2_scale;
}

std::vector<double> true_values(ConstView values, int log2_scale) {
  std::vector<double> out(values.as<double>().begin(), values.as<double>().end());
  for (double& x : out) x = std::ldexp(x, log2_scale);
  return out;
}

Network make(std::string_view network, const Shape& x_row, std::string_view init, double gain,
             std::uint64_t seed) {
  NetworkOptions options;
  options.dtype = DType::f64;
  options.seed = seed;
  options.weight_init = parse_init(init, gain);
  options.bias_init = parse_init("zeros");
  return Network(parse_spec(network), x_row, options);
}

}  // namespace

class BenchNetwork::Watch : public PassObserver {
 public:
  explicit Watch(BenchNetwork& network) : bench_(network) {}
  void on_gradient(const Node& node, ConstView grad_y, int log2_scale) override {
    Observed seen;
    seen.path = node.path;
    seen.kind = node.kind();
    seen.log2_output_norm = log2_norm(node.y.view(), 0);
    seen.log2_gradient_norm = log2_norm(grad_y, log2_scale);
    if (bench_.keep_gradients_) seen.gradient = true_values(grad_y, log2_scale);
    bench_.order_.push_back(node.path);
    bench_.observed_.push_back(std::move(seen));
  }
  void on_input_gradient(ConstView grad_x, int log2_scale) override {
    bench_.log2_input_gradient_norm_ = log2_norm(grad_x, log2_scale);
    if (bench_.keep_gradients_) bench_.input_gradient_ = true_values(grad_x, log2_scale);
  }

 private:
  BenchNetwork& bench_;
};

class BenchNetwork::TimeWatch : public TimeObserver {
 public:
  explicit TimeWatch(BenchNetwork& network) : bench_(network) {}
  void on_time_step(std::int64_t t, bool /*reverse*/, TimeQuantity quantity, ConstView values,
                    int log2_scale) override {
    auto& norms = bench_.times_[quantity];
    const auto at = static_cast<std::size_t>(t);
    if (norms.size() <= at) norms.resize(at + 1);
    norms[at] = log2_norm(values, log2_scale);
  }

 private:
  BenchNetwork& bench_;
};

BenchNetwork::BenchNetwork(std::string_view network, std::int64_t features, std::int64_t batch,
                           std::string_view init, double gain, std::uint64_t seed)
    : BenchNetwork(network, Shape{features}, batch, init, gain, seed) {}

BenchNetwork::BenchNetwork(std::string_view network, const Shape& x_row, std::int64_t batch,
                           std::string_view init, double gain, std::uint64_t seed)
    : network_(make(network, x_row, init, gain, seed)) {
  PlantedFault::spoil(network_);
  network_.plan(batch);
}

std::span<double> BenchNetwork::param(std::size_t index) {
  return network_.params()[index]->value.as<double>();
}

std::span<double> BenchNetwork::input() { return network_.input().as<double>(); }

std::span<const double> BenchNetwork::forward() {
  return network_.forward({Mode::train, 0, *threads_}).as<double>();
}

double BenchNetwork::value(std::string_view loss, const Target& target) {
  forward();
  return make_loss(loss)->value(network_.output(), target);
}

double BenchNetwork::differentiate(std::string_view loss, const Target& target) {
  forward();
  const double value =
      make_loss(loss)->gradient(network_.output(), target, network_.output_gradient());
  backward_watched();
  return value;
}

void BenchNetwork::backward(std::span<const double> grad_y) {
  const auto top = network_.output_gradient().as<double>();
  PLUMB_CHECK(top.size() == grad_y.size());
  std::ranges::copy(grad_y, top.begin());
  backward_watched();
}

void BenchNetwork::backward_watched() {
  observed_.clear();
  order_.clear();
  network_.zero_grad();
  times_.clear();
  Watch watch(*this);
  TimeWatch time(*this);
  network_.backward({Mode::train, 0, *threads_, &time}, &watch);
  std::ranges::reverse(observed_);
}

std::vector<double> BenchNetwork::gradient(std::size_t index) const {
  const Param& param = *network_.params()[index];
  return true_values(param.grad.view(), param.grad_log2_scale);
}

double BenchNetwork::log2_gradient_norm(std::size_t index) const {
  const Param& param = *network_.params()[index];
  return log2_norm(param.grad.view(), param.grad_log2_scale);
}

std::string repeat(std::int64_t count, std::string_view part) {
  return fmt::format("{} x [{}]", count, part);
}

}  // namespace plumb::lab
