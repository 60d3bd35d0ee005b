// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/gradient_check.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <vector>

#include "plumb/core/rng.h"

namespace plumb {

namespace {

using Values = std::vector<double>;

/// The layer as a scalar function v^T y of its input and parameters.
class Probe {
 public:
  Probe(Layer& layer, ConstView x, Mode mode)
      : layer_(layer), pool_(1), context_{.mode = mode, .pool = pool_}, x_(x.shape, DType::f64) {
    std::ranges::copy(x.as<double>(), x_.as<double>().begin());
    const Shape y_shape = layer.output_shape(x.shape);
    y_ = Tensor(y_shape, DType::f64);
    grad_y_ = Tensor(y_shape, DType::f64);
    grad_x_ = Tensor(x.shape, DType::f64);
  }

  std::span<const double> y() {
    layer_.forward(x_.view(), y_.view(), context_);
    return y_.as<double>();
  }

  double value(const Values& v) {
    const std::span<const double> outputs = y();
    double sum = 0;
    for (std::size_t i = 0; i < v.size(); ++i) sum += v[i] * outputs[i];
    return sum;
  }

  /// Sum of |v y|: the size of the terms that value() adds.
  double magnitude(const Values& v) {
    const std::span<const double> outputs = y();
    double sum = 0;
    for (std::size_t i = 0; i < v.size(); ++i) sum += std::abs(v[i] * outputs[i]);
    return sum;
  }

  void backward(const Values& v) {
    y();
    std::ranges::copy(v, grad_y_.as<double>().begin());
    for (Param& param : layer_.params()) param.grad_is_zero = true;
    layer_.backward(x_.view(), y_.view(), grad_y_.view(), grad_x_.view(), context_);
  }

  struct Input {
    std::string name;
    std::span<double> value;
    std::span<const double> grad;
  };
  std::vector<Input> inputs() {
    std::vector<Input> all = {{"x", x_.as<double>(), grad_x_.as<double>()}};
    for (Param& param : layer_.params()) {
      all.push_back({param.name, param.value.as<double>(), param.grad.as<double>()});
    }
    return all;
  }

  std::size_t output_count() const { return static_cast<std::size_t>(y_.size()); }

 private:
  Layer& layer_;
  ThreadPool pool_;
  Context context_;
  Tensor x_, y_, grad_y_, grad_x_;
};

/// NaN and Inf count as the worst error there is.
double finite_or_infinity(double error) {
  return std::isfinite(error) ? error : std::numeric_limits<double>::infinity();
}

Values random_values(std::size_t count, const Rng& rng) {
  Values values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = rng.uniform(i, -1, 1);
  return values;
}

/// Central differences of steps h and 2h with the h^2 term of their error taken out (Richardson):
/// where f' is small beside f''' (the tail of a GELU), plain ones miss 1e-7 by truncation alone.
template <class F>
double central_difference(const F& f, double h) {
  const double near = (f(h) - f(-h)) / (2 * h);
  const double far = (f(2 * h) - f(-2 * h)) / (4 * h);
  return (4 * near - far) / 3;
}

void compare_each(Probe& probe, const Values& v, GradientReport& report) {
  probe.backward(v);
  const double floor = 1e-5 * probe.magnitude(v);
  for (Probe::Input& input : probe.inputs()) {
    const std::size_t count = input.value.size();
    Values numeric(count);
    double largest = floor;
    for (std::size_t i = 0; i < count; ++i) {
      const double centre = input.value[i];
      const double h = report.options.step * std::max(1.0, std::abs(centre));
      const auto value_at = [&](double offset) {
        input.value[i] = centre + offset;
        return probe.value(v);
      };
      numeric[i] = central_difference(value_at, h);
      input.value[i] = centre;
      largest = std::max({largest, std::abs(numeric[i]), std::abs(input.grad[i])});
    }
    for (std::size_t i = 0; i < count; ++i) {
      const double difference = std::abs(input.grad[i] - numeric[i]);
      const double error = finite_or_infinity(difference == 0 ? 0 : difference / largest);
      if (report.derivatives++ > 0 && error <= report.max_relative_error) continue;
      report.tensor = input.name;
      report.index = static_cast<std::int64_t>(i);
      report.analytic = input.grad[i];
      report.numeric = numeric[i];
      report.max_relative_error = error;
    }
  }
}

void compare_along_direction(Probe& probe, const Values& v, const Rng& rng,
                             GradientReport& report) {
  probe.backward(v);
  std::vector<Probe::Input> inputs = probe.inputs();
  std::vector<Values> centre, direction;
  double analytic = 0, size = 1e-5 * probe.magnitude(v);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const Probe::Input& input = inputs[k];
    centre.emplace_back(input.value.begin(), input.value.end());
    direction.push_back(random_values(input.value.size(), rng.child(k)));
    for (std::size_t i = 0; i < input.value.size(); ++i) {
      analytic += input.grad[i] * direction[k][i];
      size += std::abs(input.grad[i] * direction[k][i]);
    }
  }
  const auto value_at = [&](double h) {
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      for (std::size_t i = 0; i < centre[k].size(); ++i) {
        inputs[k].value[i] = centre[k][i] + h * direction[k][i];
      }
    }
    return probe.value(v);
  };
  const double numeric = central_difference(value_at, report.options.step);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    std::ranges::copy(centre[k], inputs[k].value.begin());
  }
  const double difference = std::abs(analytic - numeric);
  report.product_error = finite_or_infinity(difference == 0 ? 0 : difference / size);
}

}  // namespace

GradientReport check_gradient(Layer& layer, ConstView x, const GradientCheckOptions& options) {
  GradientReport report;
  report.options = options;
  Probe probe(layer, x, options.mode);
  const Rng rng(options.seed, "gradient_check");
  const Values v = random_values(probe.output_count(), rng);
  if (options.full_jacobian) {
    for (std::size_t j = 0; j < v.size(); ++j) {
      Values one(v.size(), 0.0);
      one[j] = 1;
      compare_each(probe, one, report);
    }
  } else {
    compare_each(probe, v, report);
  }
  compare_along_direction(probe, v, rng.child(1), report);
  return report;
}

std::string to_string(const GradientReport& report) {
  char text[320];
  std::snprintf(text, sizeof text,
                "%s[%lld]: analytic %.17g, numeric %.17g, relative error %.3g; v^T J u off by %.3g "
                "(%lld derivatives, h %.3g, seed %llu)",
                report.tensor.c_str(), static_cast<long long>(report.index), report.analytic,
                report.numeric, report.max_relative_error, report.product_error,
                static_cast<long long>(report.derivatives), report.options.step,
                static_cast<unsigned long long>(report.options.seed));
  return text;
}

}  // namespace plumb
