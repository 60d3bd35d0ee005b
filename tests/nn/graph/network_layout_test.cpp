// SPDX-License-Identifier: Apache-2.0
// Images that stay in blocks of channels from layer to layer.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "plumb/kernels/fast/convolution.h"
#include "plumb/nn/graph/network.h"
#include "plumb/nn/loss.h"
#include "plumb/nn/reorder.h"
#include "tests/support/layer_checks.h"

namespace plumb::testing {
namespace {

std::vector<double> row_major_values(ConstView view, int log2_scale = 0) {
  ThreadPool pool(1);
  Tensor copy(view.shape, view.dtype);
  reorder(view, copy.view(), pool);
  std::vector<double> values = values_of(copy.view());
  for (double& value : values) value = std::ldexp(value, log2_scale);
  return values;
}

/// Every output and every gradient of a pass in row-major order, by name.
class Keeper : public PassObserver {
 public:
  void on_output(const Node& node, ConstView x, ConstView y) override {
    tensors["x of " + node.path] = row_major_values(x);
    tensors["y of " + node.path] = row_major_values(y);
    layouts[node.path] = y.layout;
  }
  void on_gradient(const Node& node, ConstView grad_y, int log2_scale) override {
    EXPECT_EQ(grad_y.layout, layouts[node.path]) << node.path;
    tensors["grad of " + node.path] = row_major_values(grad_y, log2_scale);
  }
  void on_input_gradient(ConstView grad_x, int log2_scale) override {
    EXPECT_EQ(grad_x.layout, Layout::row_major);
    tensors["grad of input"] = row_major_values(grad_x, log2_scale);
  }
  std::map<std::string, std::vector<double>> tensors;
  std::map<std::string, Layout> layouts;
};

Keeper run(const std::string& text, const Shape& row, DType dtype, int threads) {
  NetworkOptions options;
  options.dtype = dtype;
  options.seed = 5;
  options.weight_init = parse_init("he_normal");
  Network network(parse_spec(text), row, options);
  network.plan(5);
  const Tensor x = random_tensor(network.input().shape, dtype, "x");
  const Tensor g = random_tensor(network.output_gradient().shape, dtype, "g");
  dispatch(dtype, [&]<class T>(T) {
    std::ranges::copy(x.as<T>(), network.input().as<T>().begin());
    std::ranges::copy(g.as<T>(), network.output_gradient().as<T>().begin());
  });
  ThreadPool pool(threads);
  const Context context{Mode::train, 0, pool};
  Keeper keeper;
  const ConstView y = network.forward(context, &keeper);
  EXPECT_EQ(y.layout, Layout::row_major);
  keeper.tensors["output"] = values_of(y);
  network.zero_grad();
  network.backward(context, &keeper);
  for (std::size_t p = 0; p < network.params().size(); ++p) {
    const Param& param = *network.params()[p];
    keeper.tensors["grad of " + network.param_names()[p]] =
        row_major_values(param.grad.view(), param.grad_log2_scale);
  }
  return keeper;
}

struct LayoutCase {
  std::string text;
  Shape row;
  std::vector<std::string> blocked;  ///< paths of nodes that give blocks; no other does
};

const std::vector<LayoutCase>& cases() {
  static const std::vector<LayoutCase> all{
      {"conv 16 3x3 > relu > maxpool 2 > conv 32 3x3 stride=2 > tanh > gap > dense 3",
       {3, 9, 8},
       {"0", "1", "2", "3", "4"}},
      {"conv 16 3x3 > relu > flatten > dense 3", {1, 5, 6}, {"0", "1"}},
      {"conv 16 3x3 > prelu", {5, 6}, {"0", "1"}},
      {"conv 16 3x3 > dropout 0.4 > identity > avgpool 2 > flatten",
       {2, 6, 6},
       {"0", "1", "2", "3"}},
      {"conv 16 3x3 > res[conv 16 3x3 > relu > conv 16 1x1] > gelu > gap > dense 2",
       {3, 6, 6},
       {"0", "1", "1.0", "1.1", "1.2", "2"}},
      {"conv 16 3x3 > conv 10 3x3 > silu > conv 16 1x1 > gap", {3, 6, 6}, {"0", "3"}},
      {"conv 32 3x3 > conv 32 3x3 groups=32 > conv 32 1x1 groups=2 > conv 32 1x1 groups=8 > gap",
       {16, 5, 5},
       {"0", "1", "2"}},
      // One side of a join is brought to the layout of the other.
      {"res[conv 16 3x3 > relu] > conv 16 3x3 > gap", {16, 5, 5}, {"0", "0.0", "0.1", "1"}},
      {"conv 32 3x3 > res alpha=2[conv 32 1x1 groups=8] > gap", {16, 5, 5}, {"0"}},
      {"conv 16 3x3 > res pad[conv 20 3x3 stride=2] > gap", {16, 5, 5}, {"0"}},
      {"conv 16 3x3 > res pad scale=0.5[conv 32 3x3 stride=2 > relu] > gap > dense 2",
       {3, 6, 7},
       {"0", "1", "1.0", "1.1", "1.pad"}},
      {"conv 16 3x3 > res proj[conv 32 3x3 stride=2] > highway bias=1[conv 32 3x3 > tanh] > gap",
       {3, 6, 6},
       {"0", "1", "1.0", "1.proj", "2", "2.0", "2.1", "2.gate"}},
      // The sides of a highway would differ: nothing is in blocks.
      {"highway[conv 16 3x3 > relu] > conv 16 3x3 > gap", {16, 5, 5}, {}},
  };
  return all;
}

TEST(NetworkLayoutTest, BlocksGoFromLayerToLayerAndChangeNoValue) {
  const Layout preferred = fast::preferred_layout();
  for (const LayoutCase& c : cases()) {
    SCOPED_TRACE(c.text);
    const Keeper exact = run(c.text, c.row, DType::f64, 1);
    for (const int threads : {1, 2}) {
      const Keeper fast = run(c.text, c.row, DType::f32, threads);
      for (const auto& [path, layout] : fast.layouts) {
        const bool blocked = std::ranges::find(c.blocked, path) != c.blocked.end();
        EXPECT_EQ(layout, blocked ? preferred : Layout::row_major) << path;
      }
      for (const auto& [path, layout] : exact.layouts) EXPECT_EQ(layout, Layout::row_major);
      ASSERT_EQ(fast.tensors.size(), exact.tensors.size());
      for (const auto& [name, values] : exact.tensors) {
        const std::vector<double>& got = fast.tensors.at(name);
        ASSERT_EQ(got.size(), values.size()) << name;
        double scale = 1;
        for (const double v : values) scale = std::max(scale, std::abs(v));
        for (std::size_t i = 0; i < values.size(); ++i) {
          ASSERT_NEAR(got[i], values[i], 2e-5 * scale) << name << " at " << i;
        }
      }
    }
  }
}

TEST(ReorderTest, ElementsGoWhereTheFormulaOfTheLayoutSays) {
  ThreadPool pool(2);
  for (const Layout layout : {Layout::channels_8, Layout::channels_16}) {
    const std::int64_t block = channel_block(layout);
    const Shape shape{3, 32, 5, 7};
    const Tensor x = random_tensor(shape, DType::f32, "x");
    Tensor blocked(shape, DType::f32, layout), back(shape, DType::f32);
    reorder(x.view(), blocked.view(), pool);
    std::size_t i = 0;
    for (std::int64_t n = 0; n < 3; ++n) {
      for (std::int64_t c = 0; c < 32; ++c) {
        for (std::int64_t p = 0; p < 35; ++p) {
          const std::int64_t at = ((n * 32 / block + c / block) * 35 + p) * block + c % block;
          ASSERT_EQ(blocked.as<float>()[static_cast<std::size_t>(at)], x.as<float>()[i++]);
        }
      }
    }
    reorder(std::as_const(blocked).view(), back.view(), pool);
    EXPECT_TRUE(std::ranges::equal(back.as<float>(), x.as<float>()));
  }
}

}  // namespace
}  // namespace plumb::testing
