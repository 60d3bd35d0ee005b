// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/loss.h"

#include <array>
#include <cmath>
#include <string>

#include "plumb/core/error.h"
#include "plumb/nn/spec/nearest.h"

namespace plumb {

namespace {

std::size_t batch_of(const Shape& shape) {
  return static_cast<std::size_t>(shape.rank() == 0 ? 1 : shape[0]);
}
std::size_t outputs_of(const Shape& shape) { return static_cast<std::size_t>(shape.row_size()); }

/// A label for each step of [batch, steps, outputs] makes each step a row of its own.
Shape rows_of(const Shape& y, std::span<const std::int32_t> labels) {
  const bool per_step = y.rank() == 3 && labels.size() == static_cast<std::size_t>(y[0] * y[1]);
  return per_step ? Shape{y[0] * y[1], y[2]} : y;
}

void check_labels(std::string_view kind, const Shape& y, std::span<const std::int32_t> labels) {
  if (labels.size() != batch_of(y)) {
    throw DataError(std::string(kind) + ": " + std::to_string(labels.size()) +
                    " labels, expected one for each of " + std::to_string(batch_of(y)) + " rows");
  }
  // A single output of a value loss is compared with the label itself, which is 0 or 1.
  const bool is_value = kind != "cross_entropy" && outputs_of(y) == 1;
  const std::size_t limit = is_value ? 2 : outputs_of(y);
  for (std::size_t b = 0; b < labels.size(); ++b) {
    if (labels[b] < 0 || static_cast<std::size_t>(labels[b]) >= limit) {
      throw DataError(std::string(kind) + ": label " + std::to_string(labels[b]) + " of row " +
                      std::to_string(b) + ", expected 0 to " + std::to_string(limit - 1));
    }
  }
}

void check_values(std::string_view kind, const Shape& y, const Target& target) {
  if (!target.values) return check_labels(kind, y, target.labels);
  if (target.values.shape == y) return;
  throw ShapeError(std::string(kind) + ": the target has shape " + target.values.shape.to_string() +
                   ", expected that of the output, " + y.to_string());
}

/// 1 / (1 + exp(-z)) without overflow, and without 1 - p: sigmoid(-z) is the other side, exact to
/// rounding however small.
double sigmoid(double z) {
  if (z < 0) {
    const double e = std::exp(z);
    return e / (1 + e);
  }
  return 1 / (1 + std::exp(-z));
}

struct CrossEntropy {
  static constexpr std::string_view kKind = "cross_entropy";

  static void check(const Shape& y, const Target& target) {
    if (target.labels.empty() && target.values) {
      throw DataError(std::string(kKind) + ": the target has values, expected labels");
    }
    check_labels(kKind, y, target.labels);
  }

  /// Sum over the rows, and its gradient into grad_y when that is not null.
  template <class T, class>
  static double sum(const T* y, std::size_t batch, std::size_t outputs, const Target& target,
                    T* grad_y) {
    double total = 0;
    for (std::size_t b = 0; b < batch; ++b, y += outputs) {
      const auto label = static_cast<std::size_t>(target.labels[b]);
      std::size_t top = 0;
      for (std::size_t j = 1; j < outputs; ++j) {
        if (y[j] > y[top]) top = j;
      }
      const double y_max = static_cast<double>(y[top]);
      // log sum_j exp(y_j - y_max) = log1p(rest): exact even when rest is below the last bit of 1.
      double rest = 0;
      for (std::size_t j = 0; j < outputs; ++j) {
        if (j != top) rest += std::exp(static_cast<double>(y[j]) - y_max);
      }
      total += std::log1p(rest) + (y_max - static_cast<double>(y[label]));
      if (grad_y == nullptr) continue;
      const double all = 1 + rest;
      for (std::size_t j = 0; j < outputs; ++j) {
        const double p = std::exp(static_cast<double>(y[j]) - y_max) / all;
        const double others = j == top ? rest / all : 1 - p;
        grad_y[j] = static_cast<T>((j == label ? -others : p) / static_cast<double>(batch));
      }
      grad_y += outputs;
    }
    return total;
  }
};

/// What losses of one output against one value share; Cost gives value(y, t) and slope(y, t).
template <class Cost>
struct Elementwise {
  static constexpr std::string_view kKind = Cost::kKind;

  static void check(const Shape& y, const Target& target) { check_values(kKind, y, target); }

  template <class T, class U>
  static double sum(const T* y, std::size_t batch, std::size_t outputs, const Target& target,
                    T* grad_y) {
    const U* const values = static_cast<const U*>(target.values.data);
    double total = 0;
    for (std::size_t b = 0; b < batch; ++b) {
      double row = 0;
      for (std::size_t j = 0; j < outputs; ++j) {
        const std::size_t i = b * outputs + j;
        const double t = values != nullptr ? static_cast<double>(values[i])
                         : outputs == 1    ? static_cast<double>(target.labels[b])
                         : static_cast<std::size_t>(target.labels[b]) == j ? 1.0
                                                                           : 0.0;
        const double value = static_cast<double>(y[i]);
        row += Cost::value(value, t);
        if (grad_y != nullptr) {
          grad_y[i] = static_cast<T>(Cost::slope(value, t) / static_cast<double>(batch));
        }
      }
      total += row;
    }
    return total;
  }
};

struct BinaryCost {
  static constexpr std::string_view kKind = "binary_cross_entropy";
  static double value(double z, double t) {
    return (z > 0 ? z : 0.0) - z * t + std::log1p(std::exp(-std::fabs(z)));
  }
  static double slope(double z, double t) { return (1 - t) * sigmoid(z) - t * sigmoid(-z); }
};

struct SquareCost {
  static constexpr std::string_view kKind = "mse";
  static double value(double y, double t) { return 0.5 * (y - t) * (y - t); }
  static double slope(double y, double t) { return y - t; }
};

struct DifferenceCost {
  static constexpr std::string_view kKind = "difference";
  static double value(double y, double t) { return y - t; }
  static double slope(double /*y*/, double /*t*/) { return 1; }
};

template <class Formula>
class MeanLoss final : public Loss {
 public:
  std::string_view kind() const override { return Formula::kKind; }

  double value(ConstView y, const Target& target) const override {
    return mean(y, target, View{nullptr, y.dtype, y.shape});
  }

  double gradient(ConstView y, const Target& target, View grad_y) const override {
    if (grad_y.shape != y.shape) {
      throw ShapeError(std::string(kind()) + ": grad_y has shape " + grad_y.shape.to_string() +
                       ", expected that of the output, " + y.shape.to_string());
    }
    return mean(y, target, grad_y);
  }

 private:
  static double mean(ConstView y, const Target& target, View grad_y) {
    if (!y) {
      throw UsageError(std::string(Formula::kKind) +
                       ": y is a view of nothing, expected the output of Network::forward");
    }
    if (!target.values) y.shape = rows_of(y.shape, target.labels);
    Formula::check(y.shape, target);
    const std::size_t batch = batch_of(y.shape);
    const double total = dispatch(y.dtype, [&](auto y_zero) {
      using T = decltype(y_zero);
      return dispatch(target.values.dtype, [&](auto value_zero) {
        return Formula::template sum<T, decltype(value_zero)>(
            y.as<T>().data(), batch, outputs_of(y.shape), target, grad_y.as<T>().data());
      });
    });
    return total / static_cast<double>(batch);
  }
};

using LossMaker = std::unique_ptr<Loss> (*)();

template <class Formula>
std::unique_ptr<Loss> make_mean_loss() {
  return std::make_unique<MeanLoss<Formula>>();
}

constexpr std::array<std::string_view, 4> kNames{"cross_entropy", "binary_cross_entropy", "mse",
                                                 "difference"};
constexpr std::array<LossMaker, 4> kMakers{
    make_mean_loss<CrossEntropy>, make_mean_loss<Elementwise<BinaryCost>>,
    make_mean_loss<Elementwise<SquareCost>>, make_mean_loss<Elementwise<DifferenceCost>>};

}  // namespace

std::unique_ptr<Loss> make_loss(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return kMakers[i]();
  }
  throw SpecError("loss: unknown name '" + std::string(name) + "', expected " + join_names(kNames) +
                  did_you_mean(name, kNames));
}

std::span<const std::string_view> loss_names() { return kNames; }

double accuracy(ConstView y, std::span<const std::int32_t> labels, double threshold) {
  y.shape = rows_of(y.shape, labels);
  check_labels("accuracy", y.shape, labels);
  const std::size_t outputs = outputs_of(y.shape);
  return dispatch(y.dtype, [&](auto zero) {
    const auto values = y.as<decltype(zero)>();
    std::size_t right = 0;
    for (std::size_t b = 0; b < labels.size(); ++b) {
      const auto row = values.subspan(b * outputs, outputs);
      std::size_t top = 0;
      bool has_nan = false;
      for (std::size_t j = 0; j < outputs; ++j) {
        has_nan = has_nan || std::isnan(row[j]);
        if (row[j] > row[top]) top = j;
      }
      if (outputs == 1 && static_cast<double>(row[0]) > threshold) top = 1;
      if (!has_nan && top == static_cast<std::size_t>(labels[b])) ++right;
    }
    return static_cast<double>(right) / static_cast<double>(labels.size());
  });
}

}  // namespace plumb
