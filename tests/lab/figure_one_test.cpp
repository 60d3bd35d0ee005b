// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/experiments/figure_one.h"

#include <cmath>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "tests/lab/lab_checks.h"
#include "tests/lab/wrong_derivative.h"

namespace plumb::lab {
namespace {

Settings settings() {
  const Experiment& experiment = find_experiment("figure-1");
  return {experiment.name, experiment.parameters, {}};
}

class FigureOneTest : public testing::Test {
 protected:
  static TrainConfig protocol(int hidden) { return figure_one_protocol(settings(), hidden, 1); }
  const Split& data() {
    if (!data_) {
      const TrainConfig config = protocol(4);
      data_ = load_split(config.data, {config.limit, 0, false, 1});
    }
    return *data_;
  }
  /// The checks of the first step, with a fault planted in every trainer.
  Result first_step(const std::function<void(TrainConfig&)>& change,
                    const std::function<void(Network&)>& spoil = {}) {
    Result result;
    hold_first_step(result, protocol(4), data().train, [&](const TrainConfig& of) {
      TrainConfig config = of;
      if (change) change(config);
      auto trainer = std::make_unique<Trainer>(config, data());
      if (spoil) spoil(trainer->network());
      return trainer;
    });
    return result;
  }

 private:
  std::optional<Split> data_;
};

TEST_F(FigureOneTest, TheProtocolPasses) { test::expect_agrees(first_step({})); }

TEST_F(FigureOneTest, ADerivativeThatIsFivePercentWrongFails) {
  EXPECT_FALSE(first_step({}, [](Network& n) { test::spoil_activations(n, 0.95); }).agrees());
  EXPECT_FALSE(first_step({}, [](Network& n) { test::spoil_activations(n, 1.05); }).agrees());
}

TEST_F(FigureOneTest, DecayThatIsNeverAppliedFails) {
  const auto without = [](TrainConfig& config) { config.optimiser.weight_decay = 0; };
  EXPECT_FALSE(first_step(without).agrees());
}

TEST_F(FigureOneTest, DecayThatIsTwiceAsMuchFails) {
  EXPECT_FALSE(
      first_step([](TrainConfig& config) { config.optimiser.weight_decay *= 2; }).agrees());
}

TEST_F(FigureOneTest, AClipFails) {
  EXPECT_FALSE(first_step([](TrainConfig& config) { config.clip_norm = 0.5; }).agrees());
}

TEST_F(FigureOneTest, AnInitialiserOfAnotherVarianceFails) {
  EXPECT_FALSE(first_step([](TrainConfig& config) { config.gain = std::sqrt(1.1); }).agrees());
  EXPECT_FALSE(first_step([](TrainConfig& config) { config.init = "glorot_normal"; }).agrees());
}

}  // namespace
}  // namespace plumb::lab
