// SPDX-License-Identifier: Apache-2.0
#include "plumb/optim/optimiser.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "plumb/core/error.h"
#include "plumb/core/rng.h"
#include "tests/support/allocation_count.h"

namespace plumb {
namespace {

std::vector<OptimiserConfig> every_kind() {
  std::vector<OptimiserConfig> configs;
  const auto add = [&](const char* name, double momentum, bool nesterov) {
    for (const double decay : {0.0, 0.1}) {
      for (const bool decoupled : {false, true}) {
        OptimiserConfig config;
        config.name = name;
        config.momentum = momentum;
        config.nesterov = nesterov;
        config.weight_decay = decay;
        config.decoupled = decoupled;
        configs.push_back(config);
      }
    }
  };
  add("sgd", 0, false);
  add("sgd", 0.9, false);
  add("sgd", 0.9, true);
  add("rmsprop", 0, false);
  add("rmsprop", 0.5, false);
  add("adam", 0, false);
  add("adamw", 0, false);
  return configs;
}

/// A weight and a bias of sizes that are no multiple of a vector, a block, a grain or a piece.
struct Net {
  Param weight, bias;
  Param* params[2] = {&weight, &bias};

  explicit Net(DType dtype, std::int64_t size = 70001)
      : weight("weight", {size}, dtype, 1, 1), bias("bias", {13}, dtype, 1, 1) {
    for (Param* const param : params) {
      param->grad_is_zero = false;
      fill(param->value, 0);
    }
  }
  Net(const Net&) = delete;
  Net& operator=(const Net&) = delete;

  static void fill(Tensor& tensor, std::uint64_t number) {
    const Rng rng = Rng(1, "net").child(number);
    dispatch(tensor.dtype(), [&](auto zero) {
      using T = decltype(zero);
      std::uint64_t i = 0;
      for (T& v : tensor.as<T>()) v = static_cast<T>(rng.uniform(i++, -1, 1));
    });
  }
  void draw_grads(std::uint64_t step) {
    for (Param* const param : params) fill(param->grad, step + 1);
  }
  void copy_grads(const Net& other) {
    weight.grad = other.weight.grad.clone();
    bias.grad = other.bias.grad.clone();
  }
};

bool same_bits(const Tensor& a, const Tensor& b) {
  const auto bytes = static_cast<std::size_t>(a.size() * size_bytes(a.dtype()));
  return a.size() == b.size() && std::memcmp(a.view().data, b.view().data, bytes) == 0;
}

struct Ignore final : UpdateObserver {
  void on_update(std::size_t, const Param&, ConstView, ConstView, std::int64_t) override {}
};

/// Adds every update to a copy of the values of its own.
struct Follower final : UpdateObserver {
  Tensor values[2];
  std::vector<std::size_t> order;
  std::int64_t seen = 0;  ///< elements of the present parameter
  std::int64_t announced = 0;
  void before_update(std::size_t index, const Param& param, ConstView value,
                     std::int64_t begin) override {
    if (begin == 0) announced = 0;
    ASSERT_EQ(begin, announced);
    announced += value.shape.size();
    dispatch(value.dtype, [&]<class T>(T) {
      const auto piece = value.as<T>();
      EXPECT_EQ(piece.data(), param.value.as<T>().data() + begin);
      const auto mine = values[index].as<T>().subspan(static_cast<std::size_t>(begin));
      EXPECT_TRUE(std::equal(piece.begin(), piece.end(), mine.begin()));  // not updated yet
    });
  }
  void on_update(std::size_t index, const Param& param, ConstView grad, ConstView update,
                 std::int64_t begin) override {
    if (begin == 0) {
      order.push_back(index);
      seen = 0;
    }
    ASSERT_EQ(begin, seen);
    ASSERT_EQ(grad.shape, update.shape);
    seen += update.shape.size();
    ASSERT_EQ(seen, announced);
    ASSERT_LE(seen, param.value.size());
    dispatch(update.dtype, [&](auto zero) {
      using T = decltype(zero);
      EXPECT_EQ(grad.as<T>().data(), param.grad.as<T>().data() + begin);
      const auto mine = values[index].as<T>().subspan(static_cast<std::size_t>(begin));
      const auto added = update.as<T>();
      for (std::size_t i = 0; i < added.size(); ++i) mine[i] += added[i];
    });
    if (seen == param.value.size()) {
      EXPECT_TRUE(same_bits(values[index], param.value)) << param.name;
    }
  }
};

TEST(OptimiserTest, StepsAreTheSameBitsObservedOrNotAndForAnyThreadCount) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const OptimiserConfig& config : every_kind()) {
      ThreadPool one(1), three(3);
      Net alone(dtype), observed(dtype), threaded(dtype);
      Follower follower;
      follower.values[0] = observed.weight.value.clone();
      follower.values[1] = observed.bias.value.clone();
      const auto a = make_optimiser(config), b = make_optimiser(config), c = make_optimiser(config);
      for (std::uint64_t step = 0; step < 3; ++step) {
        alone.draw_grads(step);
        for (Net* const net : {&observed, &threaded}) net->copy_grads(alone);
        const double decay = a->step(alone.params, 0.1, 0.7, 0.5, one, nullptr);
        EXPECT_EQ(b->step(observed.params, 0.1, 0.7, 0.5, one, &follower), decay);
        EXPECT_EQ(c->step(threaded.params, 0.1, 0.7, 0.5, three, nullptr), decay);
      }
      EXPECT_EQ(follower.order, (std::vector<std::size_t>{0, 1, 0, 1, 0, 1}));
      EXPECT_EQ(follower.seen, 13);
      for (int i = 0; i < 2; ++i) {
        EXPECT_TRUE(same_bits(alone.params[i]->value, observed.params[i]->value)) << config.name;
        EXPECT_TRUE(same_bits(alone.params[i]->value, threaded.params[i]->value)) << config.name;
      }
    }
  }
}

TEST(OptimiserTest, FloatFollowsDouble) {
  for (const OptimiserConfig& config : every_kind()) {
    ThreadPool pool(2);
    Net f(DType::f32, 1000), d(DType::f64, 1000);
    const auto a = make_optimiser(config), b = make_optimiser(config);
    for (std::uint64_t step = 0; step < 5; ++step) {
      f.draw_grads(step);
      d.draw_grads(step);
      a->step(f.params, 0.01, 1, 0, pool, nullptr);
      b->step(d.params, 0.01, 1, 0, pool, nullptr);
    }
    for (std::size_t i = 0; i < 1000; ++i) {
      EXPECT_NEAR(f.weight.value.as<float>()[i], d.weight.value.as<double>()[i], 3e-6)
          << config.name;
    }
  }
}

TEST(OptimiserTest, AllocatesAtTheFirstStepOnly) {
  for (const OptimiserConfig& config : every_kind()) {
    ThreadPool pool(2);
    Net net(DType::f32);
    Ignore observer;
    const auto optimiser = make_optimiser(config);
    net.draw_grads(0);
    const std::int64_t before = testing::allocation_count();
    optimiser->step(net.params, 0.1, 1, 0, pool, &observer);
    EXPECT_GT(testing::allocation_count(), before);  // the counter counts
    const std::int64_t after = testing::allocation_count();
    for (int step = 0; step < 3; ++step) optimiser->step(net.params, 0.1, 0.5, 1, pool, &observer);
    EXPECT_EQ(testing::allocation_count(), after) << config.name;
  }
}

/// One step of one element; returns the new value.
double one_step(const OptimiserConfig& config, double value, double grad, double rate,
                double factor = 1, double clip = 0, int log2_scale = 0, DType dtype = DType::f64,
                const char* name = "weight") {
  ThreadPool pool(1);
  Param param(name, {1}, dtype, 1, 1);
  param.grad_is_zero = false;
  param.grad_log2_scale = log2_scale;
  if (dtype == DType::f64) {
    param.value.as<double>()[0] = value;
    param.grad.as<double>()[0] = grad;
  } else {
    param.value.as<float>()[0] = static_cast<float>(value);
    param.grad.as<float>()[0] = static_cast<float>(grad);
  }
  Param* const params[] = {&param};
  make_optimiser(config)->step(params, rate, factor, clip, pool, nullptr);
  return dtype == DType::f64 ? param.value.as<double>()[0] : param.value.as<float>()[0];
}

TEST(OptimiserTest, DecayIsCoupledOrDecoupled) {
  OptimiserConfig config;
  config.momentum = 0.9;
  config.weight_decay = 0.5;
  EXPECT_DOUBLE_EQ(one_step(config, 2, 3, 0.1), 2 - 0.1 * (3 + 0.5 * 2));
  config.decoupled = true;
  EXPECT_DOUBLE_EQ(one_step(config, 2, 3, 0.1), 2 - 0.1 * 3 - 0.1 * 0.5 * 2);
  config.name = "adam";
  config.momentum = 0;
  // The first step of adam is the sign of the gradient; coupled decay turns that sign here.
  EXPECT_NEAR(one_step(config, 2, -0.5, 0.1), 2 + 0.1 - 0.1 * 0.5 * 2, 1e-8);
  config.decoupled = false;
  EXPECT_NEAR(one_step(config, 2, -0.5, 0.1), 2 - 0.1, 1e-8);
}

TEST(OptimiserTest, BiasesDecayOnlyWhenAsked) {
  OptimiserConfig config;
  config.weight_decay = 0.5;
  EXPECT_EQ(one_step(config, 2, 0, 0.1, 1, 0, 0, DType::f64, "bias"), 2);
  EXPECT_EQ(one_step(config, 2, 0, 0.1, 1, 0, 0, DType::f64, "bias_hh"), 2);
  config.decay_bias = true;
  EXPECT_DOUBLE_EQ(one_step(config, 2, 0, 0.1, 1, 0, 0, DType::f64, "bias"), 1.9);
}

TEST(OptimiserTest, ReturnsTheNormOfTheDecayTerm) {
  OptimiserConfig config;
  config.weight_decay = 0.1;
  Param weight("weight", {2}, DType::f32, 1, 1), bias("bias", {1}, DType::f32, 1, 1);
  weight.value.as<float>()[0] = 3;
  weight.value.as<float>()[1] = 4;
  bias.value.as<float>()[0] = 12;
  Param* const params[] = {&weight, &bias};
  ThreadPool pool(1);
  EXPECT_DOUBLE_EQ(make_optimiser(config)->step(params, 0, 1, 0, pool, nullptr), 0.5);
  config.decay_bias = true;
  EXPECT_DOUBLE_EQ(make_optimiser(config)->step(params, 0, 1, 0, pool, nullptr), 1.3);
  EXPECT_EQ(make_optimiser({})->step(params, 0, 1, 0, pool, nullptr), 0);
}

TEST(OptimiserTest, ClipsTheTrueGradientByValue) {
  const OptimiserConfig sgd;
  EXPECT_EQ(one_step(sgd, 0, 5, 1, 1, 2), -2);
  EXPECT_EQ(one_step(sgd, 0, -5, 1, 1, 2), 2);
  EXPECT_EQ(one_step(sgd, 0, 1, 1, 1, 2), -1);
  EXPECT_EQ(one_step(sgd, 0, 5, 1, 0.1, 2), -0.5);            // the factor comes first
  EXPECT_EQ(one_step(sgd, 0, 5, 1, 1, 2, -10), -5.0 / 1024);  // so does the scale
  EXPECT_EQ(one_step(sgd, 0, 5, 1, 1, 2, 40), -2);
  EXPECT_TRUE(std::isnan(one_step(sgd, 0, std::nan(""), 1, 1, 2)));
  EXPECT_EQ(one_step(sgd, 0, std::numeric_limits<double>::infinity(), 1, 1, 2), -2);
}

TEST(OptimiserTest, ScaledGradientsEnterWithTheirTrueValue) {
  const OptimiserConfig sgd;
  for (const DType dtype : {DType::f32, DType::f64}) {
    EXPECT_EQ(one_step(sgd, 0, 1.5, 1, 1, 0, 40, dtype), -1.5 * 0x1p40);
    EXPECT_EQ(one_step(sgd, 0, 0x1.8p60, 1, 1, 0, -160, dtype), -0x1.8p-100);
    EXPECT_EQ(one_step(sgd, 0, 0x1.8p-60, 1, 0.5, 0, 160, dtype), -0x1.8p99);
    EXPECT_EQ(one_step(sgd, 0, 1, 1, 1, 0, -100000, dtype), 0);
    EXPECT_TRUE(std::isnan(one_step(sgd, 0, std::nan(""), 1, 1, 0, -300, dtype)));
  }
  EXPECT_EQ(one_step(sgd, 7, 1.5, 1, 1, 0, -300, DType::f32), 7);
  EXPECT_EQ(one_step(sgd, 0, 1.5, 1, 1, 0, -300), -1.5 * 0x1p-300);
  EXPECT_EQ(one_step(sgd, 0, 1, 1, 1, 0, 200, DType::f32), -HUGE_VAL);
}

TEST(OptimiserTest, ADenormalGradientCountsAsZero) {
  const OptimiserConfig sgd;
  EXPECT_EQ(one_step(sgd, 0, 0x1p-126, 1, 1, 0, 0, DType::f32), -0x1p-126);
  EXPECT_EQ(one_step(sgd, 0, 0x1p-127, 1, 1, 0, 0, DType::f32), 0);
  EXPECT_EQ(one_step(sgd, 0, 0x1p-26, 1, 1, 0, -100, DType::f32), -0x1p-126);
  EXPECT_EQ(one_step(sgd, 0, 0x1p-26, 1, 1, 0, -101, DType::f32), 0);
}

TEST(OptimiserTest, AStaleGradientIsZeroButMomentumGoesOn) {
  OptimiserConfig config;
  config.momentum = 0.5;
  const auto optimiser = make_optimiser(config);
  Param param("weight", {1}, DType::f32, 1, 1);
  Param* const params[] = {&param};
  ThreadPool pool(1);
  param.grad.as<float>()[0] = 8;
  param.grad_is_zero = false;
  optimiser->step(params, 1, 1, 0, pool, nullptr);
  EXPECT_EQ(param.value.as<float>()[0], -8);
  param.grad.as<float>()[0] = std::numeric_limits<float>::quiet_NaN();
  param.grad_is_zero = true;
  optimiser->step(params, 1, 1, 0, pool, nullptr);
  EXPECT_EQ(param.value.as<float>()[0], -12);
}

TEST(OptimiserTest, NonFiniteWeightsStayWhatTheyAreWithoutDecay) {
  for (const double value : {HUGE_VAL, -HUGE_VAL}) {
    EXPECT_EQ(one_step({}, value, 1, 0.1), value);
  }
  EXPECT_TRUE(std::isnan(one_step({}, std::nan(""), 1, 0.1)));
}

TEST(OptimiserTest, DenormalsAreHandledAsBeforeAfterAStep) {
  one_step({}, 0, 1, 1);
  volatile double smallest = std::numeric_limits<double>::denorm_min();
  EXPECT_GT(smallest * 1.0, 0);
}

std::string error(const OptimiserConfig& config) {
  try {
    make_optimiser(config);
  } catch (const SpecError& e) {
    return e.what();
  }
  return "no error";
}

TEST(OptimiserTest, RefusesWhatMakesNoSense) {
  OptimiserConfig c;
  c.name = "adm";
  EXPECT_EQ(error(c),
            "optimiser: unknown name 'adm', expected sgd, rmsprop, adam or adamw, did you mean "
            "'adam'?");
  c = {};
  c.momentum = 1.5;
  EXPECT_EQ(error(c), "optimiser: sgd has momentum 1.5, expected 0 <= value < 1");
  c = {};
  c.weight_decay = -1;
  EXPECT_EQ(error(c),
            "optimiser: sgd has weight_decay -1, expected a finite number that is not negative");
  c = {};
  c.nesterov = true;
  EXPECT_EQ(error(c),
            "optimiser: sgd has nesterov true, expected it with sgd and a momentum above 0 only");
  c = {};
  c.name = "adam";
  c.momentum = 0.9;
  EXPECT_EQ(error(c), "optimiser: adam has momentum 0.9, expected none: beta1 is its momentum");
  c = {};
  c.name = "adam";
  c.beta2 = std::nan("");
  EXPECT_EQ(error(c), "optimiser: adam has beta2 nan, expected 0 <= value < 1");
  for (const std::string_view name : optimiser_names()) {
    c = {};
    c.name = name;
    EXPECT_EQ(make_optimiser(c)->kind(), name);
  }
}

}  // namespace
}  // namespace plumb
