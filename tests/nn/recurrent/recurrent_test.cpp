// SPDX-License-Identifier: Apache-2.0
// The list that every layer has, for layers on sequences (tests/support/layer_checks.cpp is for
// rows): gradients, types, accumulation, linearity, threads, NaN, allocations.
#include "plumb/nn/recurrent/recurrent.h"

#include <gtest/gtest.h>

#include <algorithm>

#include <cmath>
#include <limits>

#include "plumb/nn/gradient_check.h"
#include "tests/support/allocation_count.h"
#include "tests/support/layer_builder.h"
#include "tests/support/layer_checks.h"
#include "tests/support/time_recorder.h"

namespace plumb::testing {
namespace {

/// batch 1, one step, one feature, odd sizes, several blocks of steps.
const std::vector<Shape> kShapes = {{1, 1, 1}, {1, 7, 1},   {3, 1, 2},  {2, 5, 3},
                                    {5, 9, 4}, {17, 70, 3}, {33, 66, 5}};

struct Pass {
  Tensor y, grad_x;
  std::vector<Tensor> grads;
  int extra = 0;
};

class RecurrentChecks : public ::testing::TestWithParam<std::string> {
 protected:
  static std::unique_ptr<Layer> make(const Shape& x, DType dtype) {
    auto layer = layer_from_text(GetParam(), x, dtype);
    for (Param& param : layer->params()) {
      param.value = random_tensor(param.value.shape(), dtype, param.name, 0.5);
    }
    layer->plan(x);
    return layer;
  }
  static Tensor input(const Shape& x, DType dtype) { return random_tensor(x, dtype, "x"); }
  static Tensor signal(Layer& layer, const Shape& x, DType dtype, const std::string& name = "g") {
    return random_tensor(layer.output_shape(x), dtype, name);
  }
  static Pass run(Layer& layer, const Tensor& x, const Tensor& grad_y, ThreadPool& pool,
                  TimeObserver* time = nullptr) {
    const Context context{.pool = pool, .time = time};
    Pass pass{Tensor(grad_y.shape(), x.dtype()), Tensor(x.shape(), x.dtype()), {}, 0};
    layer.forward(x.view(), pass.y.view(), context);
    for (Param& param : layer.params()) param.grad_is_zero = true;
    layer.backward(x.view(), pass.y.view(), grad_y.view(), pass.grad_x.view(), context);
    for (Param& param : layer.params()) {
      EXPECT_FALSE(param.grad_is_zero);
      pass.grads.push_back(param.grad.clone());
    }
    pass.extra = layer.extra_log2_scale();
    return pass;
  }
  static bool is_cut() { return GetParam().find("bptt") != std::string::npos; }
};

void expect_close(const Tensor& a, const Tensor& b, double limit, const std::string& what) {
  const auto va = values_of(a.view()), vb = values_of(b.view());
  ASSERT_EQ(va.size(), vb.size());
  double scale = 1;
  for (const double v : vb) scale = std::max(scale, std::abs(v));
  for (std::size_t i = 0; i < va.size(); ++i) {
    ASSERT_NEAR(va[i], vb[i], limit * scale) << what << " at " << i;
  }
}

void expect_same_bits(const Pass& a, const Pass& b) {
  EXPECT_EQ(a.extra, b.extra);
  EXPECT_EQ(values_of(a.y.view()), values_of(b.y.view()));
  EXPECT_EQ(values_of(a.grad_x.view()), values_of(b.grad_x.view()));
  for (std::size_t k = 0; k < a.grads.size(); ++k) {
    EXPECT_EQ(values_of(a.grads[k].view()), values_of(b.grads[k].view())) << "parameter " << k;
  }
}

TEST_P(RecurrentChecks, EveryDerivativeMatchesCentralDifferences) {
  if (is_cut()) GTEST_SKIP() << "a truncated gradient is not the derivative";
  for (const Shape& shape : {Shape{2, 3, 2}, Shape{1, 1, 1}, Shape{1, 5, 3}}) {
    const auto layer = make(shape, DType::f64);
    if (layer->params()[1].value.size() > 1000) GTEST_SKIP() << "too many; the next test has them";
    const auto report = check_gradient(*layer, input(shape, DType::f64).view(),
                                       {.step = 1e-4, .full_jacobian = true});
    EXPECT_TRUE(report.within(1e-7)) << to_string(report);
  }
}

TEST_P(RecurrentChecks, ALongerSequenceMatchesCentralDifferences) {
  if (is_cut()) GTEST_SKIP() << "a truncated gradient is not the derivative";
  const Shape shape{3, 11, 4};
  const auto layer = make(shape, DType::f64);
  const auto report = check_gradient(*layer, input(shape, DType::f64).view(), {.step = 1e-4});
  EXPECT_TRUE(report.within(1e-7)) << to_string(report);
}

TEST_P(RecurrentChecks, FloatMatchesDoubleForEveryShape) {
  ThreadPool pool(2);
  for (const Shape& shape : kShapes) {
    const auto pass = [&](DType dtype) {
      const auto layer = make(shape, dtype);
      // Small weights: the sequences must not be chaotic, or no two roundings agree.
      for (Param& param : layer->params()) scale_by_power_of_two(param.value.view(), -2);
      return run(*layer, input(shape, dtype), signal(*layer, shape, dtype), pool);
    };
    const Pass a = pass(DType::f32), b = pass(DType::f64);
    expect_close(a.y, b.y, 2e-6, "y");
    expect_close(a.grad_x, b.grad_x, 2e-6, "grad_x");
    for (std::size_t k = 0; k < a.grads.size(); ++k) {
      expect_close(a.grads[k], b.grads[k], 1e-5, "parameter " + std::to_string(k));
    }
  }
}

TEST_P(RecurrentChecks, BackwardTwiceDoublesTheGradientsOfParameters) {
  ThreadPool pool(1);
  const Context context{.pool = pool};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Shape shape{3, 6, 2};
    const auto layer = make(shape, dtype);
    const Tensor x = input(shape, dtype), g = signal(*layer, shape, dtype);
    const Pass once = run(*layer, x, g, pool);
    Tensor grad_x(shape, dtype);
    layer->backward(x.view(), once.y.view(), g.view(), grad_x.view(), context);
    EXPECT_EQ(values_of(grad_x.view()), values_of(once.grad_x.view())) << "overwritten";
    for (std::size_t k = 0; k < once.grads.size(); ++k) {
      const auto one = values_of(once.grads[k].view());
      const auto two = values_of(std::as_const(layer->params()[k].grad).view());
      for (std::size_t i = 0; i < one.size(); ++i) {
        EXPECT_NEAR(two[i], 2 * one[i], 1e-5 * (1 + std::abs(one[i])));
      }
    }
  }
}

TEST_P(RecurrentChecks, BackwardIsLinearInGradY) {
  ThreadPool pool(1);
  const Shape shape{3, 7, 2};
  const auto layer = make(shape, DType::f64);
  const Tensor x = input(shape, DType::f64);
  const Tensor g1 = signal(*layer, shape, DType::f64, "g1");
  const Tensor g2 = signal(*layer, shape, DType::f64, "g2");
  Tensor mixed(g1.shape(), DType::f64), tiny(g1.shape(), DType::f64);
  for (std::size_t i = 0; i < mixed.as<double>().size(); ++i) {
    mixed.as<double>()[i] = 2.5 * g1.as<double>()[i] - 3 * g2.as<double>()[i];
    tiny.as<double>()[i] = 0x1p-300 * g1.as<double>()[i];
  }
  const Pass a = run(*layer, x, g1, pool), b = run(*layer, x, g2, pool);
  const Pass c = run(*layer, x, mixed, pool), d = run(*layer, x, tiny, pool);
  const auto check = [&](const Tensor& p, const Tensor& q, const Tensor& mix, const Tensor& small) {
    for (std::size_t i = 0; i < p.as<double>().size(); ++i) {
      EXPECT_NEAR(mix.as<double>()[i], 2.5 * p.as<double>()[i] - 3 * q.as<double>()[i], 1e-11);
      EXPECT_EQ(std::ldexp(small.as<double>()[i], d.extra), 0x1p-300 * p.as<double>()[i]);
    }
  };
  check(a.grad_x, b.grad_x, c.grad_x, d.grad_x);
  for (std::size_t k = 0; k < a.grads.size(); ++k) {
    check(a.grads[k], b.grads[k], c.grads[k], d.grads[k]);
  }
}

TEST_P(RecurrentChecks, AGradXThatNobodyAskedForIsSkipped) {
  ThreadPool pool(1);
  const Context context{.pool = pool};
  const Shape shape{3, 6, 2};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const auto layer = make(shape, dtype);
    const Tensor x = input(shape, dtype), g = signal(*layer, shape, dtype);
    const Pass with = run(*layer, x, g, pool);
    for (Param& param : layer->params()) param.grad_is_zero = true;
    layer->backward(x.view(), with.y.view(), g.view(), View{}, context);
    for (std::size_t k = 0; k < with.grads.size(); ++k) {
      EXPECT_EQ(values_of(std::as_const(layer->params()[k].grad).view()),
                values_of(with.grads[k].view()));
    }
  }
}

TEST_P(RecurrentChecks, NanInGivesNanFromThatStepOnInThatSampleAlone) {
  ThreadPool pool(1);
  const Shape shape{3, 6, 2};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const auto layer = make(shape, dtype);
    Tensor x = input(shape, dtype);
    const std::int64_t sample = 1, step = 2;
    dispatch(dtype, [&]<class T>(T) {
      x.as<T>()[(sample * 6 + step) * 2] = std::numeric_limits<T>::quiet_NaN();
    });
    const Pass pass = run(*layer, x, signal(*layer, shape, dtype), pool);
    const auto y = values_of(pass.y.view());
    const auto width = static_cast<std::int64_t>(y.size()) / 18;
    const auto& options = dynamic_cast<Recurrent&>(*layer).options();
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(y.size()); ++i) {
      const std::int64_t t = i / width % 6;
      const bool second = i % width >= options.hidden;
      const bool reached = i / width / 6 == sample && (second ? t <= step : t >= step);
      EXPECT_EQ(std::isnan(y[static_cast<std::size_t>(i)]), reached) << i;
    }
  }
}

TEST_P(RecurrentChecks, NanInGradYReachesGradX) {
  ThreadPool pool(1);
  const Shape shape{2, 4, 3};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const auto layer = make(shape, dtype);
    Tensor g = signal(*layer, shape, dtype);
    dispatch(dtype, [&]<class T>(T) {
      std::ranges::fill(g.as<T>(), std::numeric_limits<T>::quiet_NaN());
    });
    // A closed relu lets nothing by, so its units are held open.
    for (Param& param : layer->params()) {
      if (param.name.starts_with("bias_ih")) {
        dispatch(dtype, [&]<class T>(T) { std::ranges::fill(param.value.as<T>(), T(30)); });
      }
    }
    for (const double v : values_of(run(*layer, input(shape, dtype), g, pool).grad_x.view())) {
      EXPECT_TRUE(std::isnan(v));
    }
  }
}

TEST_P(RecurrentChecks, NothingIsAllocatedAfterPlan) {
  ThreadPool pool(2);
  const Context context{.pool = pool};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Shape shape{32, 100, 3};
    const auto layer = make(shape, dtype);
    const Tensor x = input(shape, dtype), g = signal(*layer, shape, dtype);
    Tensor y(g.shape(), dtype), grad_x(shape, dtype);
    layer->forward(x.view(), y.view(), context);  // oneDNN keeps its own code for later calls
    layer->backward(x.view(), y.view(), g.view(), grad_x.view(), context);
    const std::int64_t before = allocation_count();
    layer->forward(x.view(), y.view(), context);
    layer->backward(x.view(), y.view(), g.view(), grad_x.view(), context);
    EXPECT_EQ(allocation_count(), before);
  }
}

TEST_P(RecurrentChecks, TheSameThreadCountGivesTheSameBitsAndAnyCountTheSameValues) {
  ThreadPool one(1), three(3);
  const Shape shape{48, 40, 3};
  for (const DType dtype : {DType::f32, DType::f64}) {
    const auto layer = make(shape, dtype);
    for (Param& param : layer->params()) scale_by_power_of_two(param.value.view(), -2);
    const Tensor x = input(shape, dtype), g = signal(*layer, shape, dtype);
    const Pass a = run(*layer, x, g, three), b = run(*layer, x, g, three);
    expect_same_bits(a, b);
    const Pass c = run(*layer, x, g, one);
    const double limit = dtype == DType::f32 ? 1e-5 : 1e-13;
    expect_close(a.y, c.y, limit, "y");
    expect_close(a.grad_x, c.grad_x, limit, "grad_x");
    for (std::size_t k = 0; k < a.grads.size(); ++k) {
      expect_close(a.grads[k], c.grads[k], limit, "grad");
    }
  }
}

TEST_P(RecurrentChecks, MeasuringChangesNoBit) {
  for (const int threads : {1, 3}) {
    ThreadPool pool(threads);
    const Shape shape{48, 40, 3};
    for (const DType dtype : {DType::f32, DType::f64}) {
      const auto layer = make(shape, dtype);
      for (Param& param : layer->params()) scale_by_power_of_two(param.value.view(), -2);
      const Tensor x = input(shape, dtype), g = signal(*layer, shape, dtype);
      const Pass plain = run(*layer, x, g, pool);
      TimeRecorder recorder;
      expect_same_bits(plain, run(*layer, x, g, pool, &recorder));
    }
  }
}

TEST_P(RecurrentChecks, WhatIsToldOfOneStepAddsUp) {
  ThreadPool pool(1);
  const Shape shape{2, 9, 3};
  const auto layer = make(shape, DType::f64);
  const auto& recurrent = dynamic_cast<Recurrent&>(*layer);
  const std::int64_t hidden = recurrent.options().hidden;
  const int directions = recurrent.direction_count();
  const Tensor x = input(shape, DType::f64), g = signal(*layer, shape, DType::f64);
  TimeRecorder recorded;
  const Pass pass = run(*layer, x, g, pool, &recorded);
  using Q = TimeQuantity;
  for (int d = 0; d < directions; ++d) {
    const bool reverse = d == 1;
    for (std::int64_t t = 0; t < 9; ++t) {
      const std::int64_t next = reverse ? t - 1 : t + 1;  // the step that gives back to t
      const auto& grad_h = recorded.at(t, Q::grad_h, reverse);
      for (std::int64_t k = 0; k < 2 * hidden; ++k) {
        const auto unit = static_cast<std::size_t>(k);
        const std::int64_t at =
            ((k / hidden) * 9 + t) * hidden * directions + d * hidden + k % hidden;
        EXPECT_EQ(recorded.at(t, Q::h, reverse).value(unit),
                  pass.y.as<double>()[static_cast<std::size_t>(at)]);
        double expected = g.as<double>()[static_cast<std::size_t>(at)];
        if (next >= 0 && next < 9) {
          expected += recorded.at(next, Q::grad_h_by_recurrence, reverse).value(unit);
          double parts = 0;
          bool any = false;
          for (const Q part :
               {Q::grad_h_by_carry, Q::grad_h_by_input_gate, Q::grad_h_by_forget_gate,
                Q::grad_h_by_cell_gate, Q::grad_h_by_output_gate, Q::grad_h_by_reset_gate,
                Q::grad_h_by_update_gate, Q::grad_h_by_new_gate}) {
            if (!recorded.has(next, part, reverse)) continue;
            if (part == Q::grad_h_by_carry && recurrent.kind() == "lstm") continue;  // goes to c
            parts += recorded.at(next, part, reverse).value(unit);
            any = true;
          }
          if (any) {
            EXPECT_NEAR(parts, recorded.at(next, Q::grad_h_by_recurrence, reverse).value(unit),
                        1e-14);
          }
        }
        EXPECT_NEAR(grad_h.value(unit), expected, 1e-14);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Rnn, RecurrentChecks,
                         ::testing::Values("rnn 1", "rnn 5", "rnn 17 act=sigmoid bias=false",
                                           "rnn 5 act=identity", "rnn 4 bidirectional",
                                           "rnn 5 bptt=3"));
INSTANTIATE_TEST_SUITE_P(Lstm, RecurrentChecks,
                         ::testing::Values("lstm 1", "lstm 5", "lstm 17 bias=false",
                                           "lstm 4 bidirectional", "lstm 5 bptt=4"));
INSTANTIATE_TEST_SUITE_P(Gru, RecurrentChecks,
                         ::testing::Values("gru 1", "gru 5", "gru 17 bias=false",
                                           "gru 4 bidirectional", "gru 5 bptt=4"));

template <class T>
void fill(Tensor& tensor, std::initializer_list<double> values) {
  std::ranges::transform(values, tensor.as<T>().begin(),
                         [](double v) { return static_cast<T>(v); });
}

TEST(RecurrentTest, TwoStepsByHand) {
  ThreadPool pool(1);
  const Context context{.pool = pool};
  const auto layer = layer_from_text("rnn 2 act=identity", {1, 2, 1}, DType::f64);
  fill<double>(layer->params()[0].value, {1, 2});
  fill<double>(layer->params()[1].value, {1, -1, 0.5, 2});
  fill<double>(layer->params()[2].value, {0.5, 0});
  fill<double>(layer->params()[3].value, {0, -0.5});
  Tensor x({1, 2, 1}, DType::f64), y({1, 2, 2}, DType::f64), g({1, 2, 2}, DType::f64);
  Tensor grad_x({1, 2, 1}, DType::f64);
  fill<double>(x, {1, 2});
  layer->forward(x.view(), y.view(), context);
  // h_1 = (1, 2) + (0.5, -0.5); h_2 = (2, 4) + (0.5, -0.5) + (1.5 - 1.5, 0.75 + 3)
  EXPECT_EQ(values_of(y.view()), (std::vector<double>{1.5, 1.5, 2.5, 7.25}));
  fill<double>(g, {1, 0, 2, 3});
  layer->backward(x.view(), y.view(), g.view(), grad_x.view(), context);
  // grad h_2 = (2, 3); grad h_1 = (1, 0) + (2 + 1.5, -2 + 6)
  EXPECT_EQ(values_of(grad_x.view()), (std::vector<double>{4.5 + 8, 2 + 6}));
  EXPECT_EQ(values_of(layer->params()[0].grad.view()), (std::vector<double>{4.5 + 4, 4 + 6}));
  EXPECT_EQ(values_of(layer->params()[1].grad.view()), (std::vector<double>{3, 3, 4.5, 4.5}));
  EXPECT_EQ(values_of(layer->params()[2].grad.view()), (std::vector<double>{6.5, 7}));
  EXPECT_EQ(values_of(layer->params()[3].grad.view()), (std::vector<double>{6.5, 7}));
}

std::string error_of(const std::string& text, const Shape& made_for, const Shape& x) {
  try {
    layer_from_text(text, made_for, DType::f32, 1, "block.3.lstm")->output_shape(x);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no error";
}

TEST(RecurrentTest, ErrorsNameThePlaceAndWhatWasExpected) {
  EXPECT_EQ(error_of("lstm 2", {8, 5, 3}, {8, 5, 4}),
            "block.3.lstm: x has shape [8, 5, 4], expected [batch, steps, 3]");
  EXPECT_EQ(error_of("gru 2", {8, 5}, {8, 5}),
            "x has shape [5] a sample, expected [steps, features]");
  EXPECT_NE(error_of("lstm 2 forget_bias=1 chrono=10", {8, 5, 3}, {8, 5, 3}).find("expected one"),
            std::string::npos);
  EXPECT_NE(error_of("rnn 2 act=gelu", {8, 5, 3}, {8, 5, 3}).find("expected tanh"),
            std::string::npos);
  EXPECT_NE(error_of("lstm 2 gain=2", {8, 5, 3}, {8, 5, 3}).find("without recurrent"),
            std::string::npos);
  EXPECT_EQ(error_of("last", {8, 5}, {8, 5}),
            "last: x has shape [5] a sample, expected [steps, features]");
}

TEST(RecurrentTest, TruncationCutsWhereItSaysAndNowhereElse) {
  ThreadPool pool(1);
  const Shape shape{2, 7, 3};
  // With grad_y at the last step alone, bptt=3 lets the steps 6 (its window begins there) be
  // reached.
  for (const std::string kind : {"rnn 4", "lstm 4", "gru 4"}) {
    const auto layer = layer_from_text(kind + " bptt=3", shape, DType::f64);
    const auto full = layer_from_text(kind, shape, DType::f64);
    const Tensor x = random_tensor(shape, DType::f64, "x");
    for (const std::int64_t from : {6, 5}) {
      Tensor g({2, 7, 4}, DType::f64), y({2, 7, 4}, DType::f64);
      Tensor cut_x(shape, DType::f64), full_x(shape, DType::f64);
      for (std::int64_t k = 0; k < 4; ++k)
        g.as<double>()[static_cast<std::size_t>(from * 4 + k)] = 1;
      const Context context{.pool = pool};
      layer->forward(x.view(), y.view(), context);
      layer->backward(x.view(), y.view(), g.view(), cut_x.view(), context);
      full->forward(x.view(), y.view(), context);
      full->backward(x.view(), y.view(), g.view(), full_x.view(), context);
      const std::int64_t window = from / 3 * 3;
      for (std::int64_t t = 0; t < 7; ++t) {
        for (std::int64_t j = 0; j < 3; ++j) {
          const auto i = static_cast<std::size_t>(t * 3 + j);
          EXPECT_EQ(cut_x.as<double>()[i], t < window ? 0.0 : full_x.as<double>()[i]);
          EXPECT_EQ(full_x.as<double>()[i] != 0, t <= from);
        }
      }
    }
  }
}

TEST(RecurrentTest, FlagsOfTheLanguageMayStandBare) {
  const auto layer = layer_from_text("lstm 3 bidirectional", {2, 4, 5}, DType::f32);
  EXPECT_EQ(layer->output_shape({2, 4, 5}), (Shape{2, 4, 6}));
  ASSERT_EQ(layer->params().size(), 8u);
  EXPECT_EQ(layer->params()[0].name, "weight_ih_l0");
  EXPECT_EQ(layer->params()[7].name, "bias_hh_l0_reverse");
  EXPECT_EQ(layer->params()[5].value.shape(), (Shape{12, 3}));
}

}  // namespace
}  // namespace plumb::testing
