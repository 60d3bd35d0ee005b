// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "plumb/optim/optimiser.h"

namespace plumb {
namespace {

OptimiserConfig config_of(const nlohmann::json& json) {
  OptimiserConfig config;
  config.name = json["name"];
  config.momentum = json.value("momentum", config.momentum);
  config.nesterov = json.value("nesterov", config.nesterov);
  config.weight_decay = json.value("weight_decay", config.weight_decay);
  config.rho = json.value("rho", config.rho);
  config.beta1 = json.value("beta1", config.beta1);
  config.beta2 = json.value("beta2", config.beta2);
  config.eps = json.value("eps", config.eps);
  return config;
}

TEST(OptimiserGoldenTest, StepsAreThoseOfPyTorch) {
  std::ifstream file(PLUMB_TEST_DIR "/optim/golden/optimisers.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  const std::vector<double> start = golden["start"];
  const auto size = static_cast<std::int64_t>(start.size());
  ThreadPool pool(1);
  ASSERT_EQ(golden["cases"].size(), 13u);
  for (const auto& example : golden["cases"]) {
    const auto optimiser = make_optimiser(config_of(example["config"]));
    Param param("weight", {size}, DType::f64, 1, size);
    std::copy(start.begin(), start.end(), param.value.as<double>().begin());
    param.grad_is_zero = false;
    Param* const params[] = {&param};
    for (std::size_t step = 0; step < golden["grads"].size(); ++step) {
      const std::vector<double> grad = golden["grads"][step];
      const std::vector<double> wanted = example["values"][step];
      std::copy(grad.begin(), grad.end(), param.grad.as<double>().begin());
      optimiser->step(params, golden["learning_rate"], 1, 0, pool, nullptr);
      for (std::size_t i = 0; i < start.size(); ++i) {
        EXPECT_NEAR(param.value.as<double>()[i], wanted[i], 1e-12)
            << example["config"] << " step " << step << " element " << i;
      }
    }
  }
}

}  // namespace
}  // namespace plumb
