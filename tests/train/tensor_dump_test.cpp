// SPDX-License-Identifier: Apache-2.0
// Names and shapes; tools/check_ledger.py and compare_torch.py hold what stands under them.
#include "plumb/train/tensor_dump.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "plumb/data/npz.h"
#include "plumb/nn/spec/spec.h"
#include "tests/support/temp_dir.h"

namespace plumb {
namespace {

std::map<std::string, Tensor> dump_of(const std::string& text, const Shape& row) {
  NetworkOptions options;
  options.dtype = DType::f64;
  Network network(parse_spec(text), row, options);
  network.plan(2);
  double at = 0;
  for (double& x : network.input().as<double>()) x = std::sin(++at);
  ThreadPool pool(1);
  TensorDump dump(network);
  const Context context{Mode::train, 0, pool, &dump};
  network.zero_grad();
  network.forward(context, &dump);
  for (double& g : network.output_gradient().as<double>()) g = std::cos(++at);
  network.backward(context, &dump);
  const testing::TempDir dir;
  const std::string path = dir.file("dump.npz");
  dump.write(path);
  std::map<std::string, Tensor> arrays;
  for (NamedArray& array : read_npz(path)) arrays[array.name] = std::move(array.value);
  return arrays;
}

TEST(TensorDumpTest, TheWaysOfAJoinAddUpToTheGradientBelowIt) {
  const auto arrays = dump_of("dense 6 > highway[dense 6 > tanh] > res proj[dense 4]", {3});
  for (const auto& [block, below] : {std::pair("1", "grad_out/0"), std::pair("2", "grad_out/1")}) {
    const std::string way = std::string("way/") + block;
    const bool gated = arrays.contains(way + "/gate");
    EXPECT_EQ(gated, arrays.contains(std::string("transform/") + block)) << block;
    const auto sum = arrays.at(below).as<double>();
    for (std::size_t i = 0; i < sum.size(); ++i) {
      const double parts = arrays.at(way + "/branch").as<double>()[i] +
                           arrays.at(way + "/shortcut").as<double>()[i] +
                           (gated ? arrays.at(way + "/gate").as<double>()[i] : 0);
      EXPECT_NEAR(sum[i], parts, 1e-15) << block << " " << i;
    }
  }
  EXPECT_TRUE(arrays.contains("way/1/gate"));
  EXPECT_FALSE(arrays.contains("way/2/gate"));
}

TEST(TensorDumpTest, ADropoutsMaskIsWhatItMultipliesWith) {
  const auto arrays = dump_of("dense 50 > dropout 0.5", {3});
  const auto mask = arrays.at("mask/1").as<double>();
  const auto x = arrays.at("out/0").as<double>(), y = arrays.at("out/1").as<double>();
  ASSERT_EQ(mask.size(), x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_TRUE(mask[i] == 0 || mask[i] == 2) << mask[i];
    EXPECT_EQ(y[i], x[i] * mask[i]);
  }
}

TEST(TensorDumpTest, ATimeStepThatIsNotRecordedIsNaN) {
  const auto arrays = dump_of("rnn 4 > gru 3 bidirectional", {5, 2});
  const Tensor& h = arrays.at("time/0/h");
  EXPECT_EQ(h.shape(), (Shape{5, 2, 4}));
  for (std::int64_t t = 0; t < 5; ++t) {  // the layer's output is [batch, steps, hidden]
    EXPECT_EQ(h.as<double>()[static_cast<std::size_t>(t * 8)],
              arrays.at("out/0").as<double>()[static_cast<std::size_t>(t * 4)]);
  }
  const auto is_recorded = [&](const std::string& name, std::size_t t) {
    return !std::isnan(arrays.at(name).as<double>()[t * 6]);
  };
  EXPECT_TRUE(is_recorded("time/1/grad_h", 0));
  EXPECT_FALSE(is_recorded("time/1/grad_h_by_carry", 0));  // it would arrive before the first step
  EXPECT_TRUE(is_recorded("time/1/grad_h_by_carry", 4));
  EXPECT_TRUE(is_recorded("time/1/reverse/grad_h_by_carry", 0));
  EXPECT_FALSE(is_recorded("time/1/reverse/grad_h_by_carry", 4));
}

}  // namespace
}  // namespace plumb
