// SPDX-License-Identifier: Apache-2.0
#include "tests/support/layer_checks.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "plumb/core/rng.h"
#include "plumb/core/tensor.h"
#include "plumb/nn/gradient_check.h"
#include "tests/support/allocation_count.h"
#include "tests/support/layer_builder.h"

namespace plumb::testing {

namespace {

constexpr double kStep = 1e-4;

/// Batch 1, one feature, odd widths, more than one chunk.
const std::vector<std::array<std::int64_t, 2>> kShapes = {{1, 1},  {1, 17},   {5, 1},   {3, 2},
                                                          {4, 33}, {17, 129}, {64, 300}};

/// One forward and backward with everything it wrote.
struct Pass {
  Tensor y, grad_x;
  std::vector<Tensor> grads;
};

Pass run(Layer& layer, const Tensor& x, const Tensor& grad_y, ThreadPool& pool) {
  const Context context{.mode = Mode::train, .step = 3, .pool = pool};
  Pass pass{Tensor(grad_y.shape(), x.dtype()), Tensor(x.shape(), x.dtype()), {}};
  layer.forward(x.view(), pass.y.view(), context);
  for (Param& param : layer.params()) param.grad_is_zero = true;
  layer.backward(x.view(), pass.y.view(), grad_y.view(), pass.grad_x.view(), context);
  for (Param& param : layer.params()) {
    EXPECT_FALSE(param.grad_is_zero) << param.name;
    pass.grads.push_back(param.grad.clone());
  }
  return pass;
}

/// Its grad_x is what the derivative of an activation must be.
Pass run_with_ones(Layer& layer, const Tensor& x, ThreadPool& pool) {
  Tensor ones(layer.output_shape(x.shape()), x.dtype());
  dispatch(x.dtype(), [&]<class T>(T) { std::ranges::fill(ones.as<T>(), T(1)); });
  return run(layer, x, ones, pool);
}

/// 1 where there is none.
double max_derivative(const Layer& layer) {
  const auto traits = layer.traits();
  return traits ? traits->max_derivative.value_or(1) : 1;
}

void expect_close(ConstView a, ConstView b, double limit, const std::string& what) {
  const std::vector<double> va = values_of(a), vb = values_of(b);
  ASSERT_EQ(va.size(), vb.size());
  double scale = 1;
  for (const double v : vb) scale = std::max(scale, std::abs(v));
  for (std::size_t i = 0; i < va.size(); ++i) {
    ASSERT_NEAR(va[i], vb[i], limit * scale) << what << " at " << i;
  }
}

void expect_same_bits(ConstView a, ConstView b, const std::string& what) {
  const std::vector<double> va = values_of(a), vb = values_of(b);
  ASSERT_EQ(va, vb) << what;
}

}  // namespace

Tensor random_tensor(const Shape& shape, DType dtype, const std::string& stream, double scale) {
  Tensor tensor(shape, dtype);
  const Rng rng(11, stream);
  dispatch(dtype, [&]<class T>(T) {
    std::uint64_t i = 0;
    // Rounded to float in either type, so that float and double runs see the same numbers.
    for (T& v : tensor.as<T>()) v = static_cast<T>(static_cast<float>(scale * rng.normal(i++)));
  });
  return tensor;
}

std::vector<double> values_of(ConstView view) {
  return dispatch(view.dtype, [&]<class T>(T) {
    const auto values = view.as<T>();
    return std::vector<double>(values.begin(), values.end());
  });
}

Shape LayerChecks::shape(std::int64_t rows, std::int64_t columns) const {
  const std::int64_t channels = GetParam().channels;
  if (channels == 0) return {rows, columns};
  // Odd and even sides, from as small as the windows of the tests allow.
  return {rows, channels, 3 + columns % 4, 3 + columns % 5};
}

std::unique_ptr<Layer> LayerChecks::make(const Shape& x, DType dtype) const {
  auto layer = layer_from_text(GetParam().text, x, dtype);
  for (Param& param : layer->params()) {
    if (param.fan_in > 0) param.value = random_tensor(param.value.shape(), dtype, param.name, 0.5);
  }
  return layer;
}

Tensor LayerChecks::input(const Shape& x, DType dtype) const {
  Tensor tensor = random_tensor(x, dtype, "x", 2);
  dispatch(dtype, [&]<class T>(T) {
    for (T& v : tensor.as<T>()) {
      for (const double kink : GetParam().kinks) {
        const double margin = 20 * kStep * std::max(1.0, std::abs(kink));
        const double distance = static_cast<double>(v) - kink;
        if (std::abs(distance) < margin) v = static_cast<T>(kink + std::copysign(margin, distance));
      }
    }
  });
  return tensor;
}

TEST_P(LayerChecks, EveryDerivativeMatchesCentralDifferences) {
  for (const auto& [rows, columns] : {std::pair{2, 3}, {1, 1}, {3, 5}}) {
    // A Jacobian of images grows with the square of their pixels.
    if (GetParam().channels > 0 && rows > 1) continue;
    const Shape shape = this->shape(rows, columns);
    const auto layer = make(shape, DType::f64);
    const Tensor x = input(shape, DType::f64);
    const GradientReport report = check_gradient(
        *layer, x.view(), {.step = kStep, .full_jacobian = GetParam().channels <= 4});
    EXPECT_TRUE(report.within(1e-7)) << to_string(report);
    EXPECT_GE(report.derivatives, shape.size());
  }
}

TEST_P(LayerChecks, ARandomMixOfOutputsMatchesCentralDifferences) {
  const Shape shape =
      this->shape(GetParam().channels > 4 ? 1 : 4, GetParam().channels > 4 ? 1 : 19);
  const auto layer = make(shape, DType::f64);
  const Tensor x = input(shape, DType::f64);
  const GradientReport report = check_gradient(*layer, x.view(), {.step = kStep});
  EXPECT_TRUE(report.within(1e-7)) << to_string(report);
}

TEST_P(LayerChecks, FloatMatchesDoubleForEveryShape) {
  ThreadPool pool(2);
  for (const auto& [rows, columns] : kShapes) {
    const Shape shape = this->shape(rows, columns);
    const auto fast = make(shape, DType::f32);
    const auto exact = make(shape, DType::f64);
    const Shape y = fast->output_shape(shape);
    const auto pass = [&](Layer& layer, DType dtype) {
      return run(layer, input(shape, dtype), random_tensor(y, dtype, "g"), pool);
    };
    const Pass a = pass(*fast, DType::f32), b = pass(*exact, DType::f64);
    const double limit = 1e-6;  // of the largest element; sharper in the kernels' own tests
    expect_close(a.y.view(), b.y.view(), limit, "y");
    expect_close(a.grad_x.view(), b.grad_x.view(), limit, "grad_x");
    for (std::size_t k = 0; k < a.grads.size(); ++k) {
      expect_close(a.grads[k].view(), b.grads[k].view(), limit, "grad of a parameter");
    }
  }
}

TEST_P(LayerChecks, BackwardTwiceDoublesTheGradientsOfParameters) {
  ThreadPool pool(1);
  const Context context{.pool = pool};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Shape shape = this->shape(5, 7);
    const auto layer = make(shape, dtype);
    const Tensor x = input(shape, dtype);
    const Tensor grad_y = random_tensor(layer->output_shape(shape), dtype, "g");
    const Pass once = run(*layer, x, grad_y, pool);
    Tensor grad_x(shape, dtype);
    layer->backward(x.view(), once.y.view(), grad_y.view(), grad_x.view(), context);
    expect_same_bits(grad_x.view(), once.grad_x.view(), "grad_x is overwritten");
    for (std::size_t k = 0; k < once.grads.size(); ++k) {
      std::vector<double> twice = values_of(once.grads[k].view());
      for (double& v : twice) v *= 2;
      const std::vector<double> got = values_of(std::as_const(layer->params()[k].grad).view());
      for (std::size_t i = 0; i < got.size(); ++i) {
        EXPECT_NEAR(got[i], twice[i], 1e-5 * (1 + std::abs(twice[i])));
      }
    }
  }
}

TEST_P(LayerChecks, BackwardIsLinearInGradY) {
  ThreadPool pool(1);
  const Shape shape = this->shape(5, 7);
  const auto layer = make(shape, DType::f64);
  const Tensor x = input(shape, DType::f64);
  const Shape y = layer->output_shape(shape);
  const Tensor g1 = random_tensor(y, DType::f64, "g1"), g2 = random_tensor(y, DType::f64, "g2");
  Tensor mixed(y, DType::f64), tiny(y, DType::f64);
  for (std::size_t i = 0; i < mixed.as<double>().size(); ++i) {
    mixed.as<double>()[i] = 2.5 * g1.as<double>()[i] - 3 * g2.as<double>()[i];
    tiny.as<double>()[i] = 0x1p-300 * g1.as<double>()[i];
  }
  const Pass a = run(*layer, x, g1, pool), b = run(*layer, x, g2, pool);
  const Pass c = run(*layer, x, mixed, pool), d = run(*layer, x, tiny, pool);
  const auto check = [](const Tensor& p, const Tensor& q, const Tensor& mix, const Tensor& small) {
    for (std::size_t i = 0; i < p.as<double>().size(); ++i) {
      EXPECT_NEAR(mix.as<double>()[i], 2.5 * p.as<double>()[i] - 3 * q.as<double>()[i], 1e-12);
      EXPECT_EQ(small.as<double>()[i], 0x1p-300 * p.as<double>()[i]) << "scaling is exact";
    }
  };
  check(a.grad_x, b.grad_x, c.grad_x, d.grad_x);
  for (std::size_t k = 0; k < a.grads.size(); ++k) {
    check(a.grads[k], b.grads[k], c.grads[k], d.grads[k]);
  }
}

TEST_P(LayerChecks, AGradXThatNobodyAskedForIsSkipped) {
  ThreadPool pool(1);
  const Context context{.step = 3, .pool = pool};
  const Shape shape = this->shape(5, 7);
  for (const DType dtype : {DType::f32, DType::f64}) {
    const auto layer = make(shape, dtype);
    const Tensor x = input(shape, dtype);
    const Tensor grad_y = random_tensor(layer->output_shape(shape), dtype, "g");
    const Pass with = run(*layer, x, grad_y, pool);
    for (Param& param : layer->params()) param.grad_is_zero = true;
    layer->backward(x.view(), with.y.view(), grad_y.view(), View{}, context);
    for (std::size_t k = 0; k < with.grads.size(); ++k) {
      expect_same_bits(std::as_const(layer->params()[k].grad).view(), with.grads[k].view(), "grad");
    }
  }
}

TEST_P(LayerChecks, NanInGivesNanOutAndNoMoreThanItMust) {
  ThreadPool pool(1);
  const Shape shape = this->shape(5, 23);
  const auto size = static_cast<std::size_t>(shape.row_size());
  const std::size_t at = 2 * size + size - 2;
  for (const DType dtype : {DType::f32, DType::f64}) {
    const auto layer = make(shape, dtype);
    Tensor x = input(shape, dtype);
    dispatch(dtype, [&]<class T>(T) { x.as<T>()[at] = std::numeric_limits<T>::quiet_NaN(); });
    const Tensor grad_y = random_tensor(layer->output_shape(shape), dtype, "g");
    const Pass pass = run(*layer, x, grad_y, pool);
    const std::vector<double> y = values_of(pass.y.view());
    const std::size_t row = y.size() / 5;
    std::size_t reached = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
      if (GetParam().elementwise) {
        EXPECT_EQ(std::isnan(y[i]), i == at) << i;
      } else if (GetParam().across_batch) {
        EXPECT_EQ(std::isnan(y[i]), i % row == at % row) << i;
      } else if (GetParam().channels == 0 || i / row != 2) {
        EXPECT_EQ(std::isnan(y[i]), i / row == 2) << i;
      }
      reached += std::isnan(y[i]);
    }
    EXPECT_GT(reached, 0u);
  }
}

TEST_P(LayerChecks, NanInGradYReachesGradX) {
  ThreadPool pool(1);
  const Shape shape = this->shape(3, 4);
  for (const DType dtype : {DType::f32, DType::f64}) {
    const auto layer = make(shape, dtype);
    Tensor x(shape, dtype);
    dispatch(dtype, [&]<class T>(T) { std::ranges::fill(x.as<T>(), T(0.5)); });
    Tensor grad_y = random_tensor(layer->output_shape(shape), dtype, "g");
    dispatch(dtype, [&]<class T>(T) {
      std::ranges::fill(grad_y.as<T>(), std::numeric_limits<T>::quiet_NaN());
    });
    const std::vector<double> grad_x = values_of(run(*layer, x, grad_y, pool).grad_x.view());
    const auto reached = std::ranges::count_if(grad_x, [](double v) { return std::isnan(v); });
    // A window may pass over a pixel, and a maximum comes from one pixel alone.
    EXPECT_GE(reached, GetParam().channels > 0 ? 1 : std::ssize(grad_x));
  }
}

TEST_P(LayerChecks, NothingIsAllocatedAfterTheFirstCall) {
  ThreadPool pool(2);
  const Context context{.pool = pool};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Shape shape = this->shape(64, 300);
    const auto layer = make(shape, dtype);
    const Tensor x = input(shape, dtype);
    const Tensor grad_y = random_tensor(layer->output_shape(shape), dtype, "g");
    Pass pass = run(*layer, x, grad_y, pool);
    const std::int64_t foreign = dtype == DType::f32 ? GetParam().foreign_allocations : 0;
    const std::int64_t before = allocation_count();
    layer->forward(x.view(), pass.y.view(), context);
    layer->backward(x.view(), pass.y.view(), grad_y.view(), pass.grad_x.view(), context);
    EXPECT_LE(allocation_count() - before, foreign);
  }
}

TEST_P(LayerChecks, TheNumberOfThreadsDoesNotChangeElementwiseBits) {
  ThreadPool one(1), three(3);
  const Shape shape = this->shape(64, 1001);
  for (const DType dtype : {DType::f32, DType::f64}) {
    const auto layer = make(shape, dtype);
    const Tensor x = input(shape, dtype);
    const Tensor grad_y = random_tensor(layer->output_shape(shape), dtype, "g");
    const Pass a = run(*layer, x, grad_y, GetParam().elementwise ? one : three);
    const Pass b = run(*layer, x, grad_y, three);  // other layers: the same count, the same bits
    expect_same_bits(a.y.view(), b.y.view(), "y");
    expect_same_bits(a.grad_x.view(), b.grad_x.view(), "grad_x");
    for (std::size_t k = 0; k < a.grads.size(); ++k) {
      expect_same_bits(a.grads[k].view(), b.grads[k].view(), "grad of a parameter");
    }
  }
}

TEST_P(LayerChecks, ActivationDerivativeIsBackwardOfOnes) {
  ThreadPool pool(1);
  const Shape shape = this->shape(5, 23);
  for (const DType dtype : {DType::f32, DType::f64}) {
    const auto layer = make(shape, dtype);
    const Tensor x = input(shape, dtype);
    Tensor derivative(shape, dtype);
    const Pass pass = run_with_ones(*layer, x, pool);
    const bool by_element =
        layer->family() == LayerFamily::activation || layer->family() == LayerFamily::dropout;
    ASSERT_EQ(layer->derivative(x.view(), pass.y.view(), derivative.view()), by_element);
    if (by_element) expect_same_bits(derivative.view(), pass.grad_x.view(), "derivative");
  }
}

TEST_P(LayerChecks, ActivationScanIsOfTheDerivative) {
  ThreadPool pool(1);
  const Shape shape = this->shape(5, 41);
  for (const DType dtype : {DType::f32, DType::f64}) {
    const auto layer = make(shape, dtype);
    const Tensor x = input(shape, dtype);
    Tensor derivative(shape, dtype);
    const Pass pass = run_with_ones(*layer, x, pool);
    const double limit = 0.3 * max_derivative(*layer);
    const DerivativeScan scan = layer->scan_derivative(x.view(), pass.y.view(), limit);
    if (layer->family() != LayerFamily::activation || dtype == DType::f64) {
      EXPECT_FALSE(scan.is_usual);
      continue;
    }
    ASSERT_TRUE(layer->derivative(x.view(), pass.y.view(), derivative.view()));
    double squares = 0;
    std::uint64_t below = 0, zeros = 0;
    for (const double slope : values_of(derivative.view())) {
      squares += slope * slope;
      below += std::abs(slope) < limit;
      zeros += slope == 0;
    }
    ASSERT_EQ(scan.is_usual, zeros == 0);
    if (zeros > 0) continue;
    EXPECT_EQ(scan.below, below);
    EXPECT_NEAR(scan.squares, squares, 1e-6 * squares);
  }
}

TEST_P(LayerChecks, ActivationMaxDerivativeIsTheSupremum) {
  std::vector<double> points;
  for (int i = 0; i < 40001; ++i) points.push_back(-20 + 1e-3 * i);
  for (const double kink : GetParam().kinks)
    points.insert(points.end(), {kink - 1e-9, kink + 1e-9});
  const Shape shape = this->shape(1, std::ssize(points));
  const auto layer = make(shape, DType::f64);
  if (layer->family() != LayerFamily::activation) {
    EXPECT_FALSE(layer->traits());
    return;
  }
  Tensor x(shape, DType::f64), y(shape, DType::f64), derivative(shape, DType::f64);
  std::ranges::copy(points, x.as<double>().begin());
  ThreadPool pool(1);
  layer->forward(x.view(), y.view(), {.pool = pool});
  layer->derivative(x.view(), y.view(), derivative.view());
  double largest = 0;
  for (const double d : derivative.as<double>()) largest = std::max(largest, std::abs(d));
  if (!layer->traits()->max_derivative) {  // it has no bound
    EXPECT_GT(largest, 1e8);
    return;
  }
  EXPECT_LE(largest, max_derivative(*layer) * (1 + 1e-15));
  EXPECT_GE(largest, max_derivative(*layer) * (1 - 1e-6));
}

}  // namespace plumb::testing
