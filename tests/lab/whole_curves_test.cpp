// SPDX-License-Identifier: Apache-2.0
// The curves of figure 1 from end to end, 500 epochs each: minutes.
#include <functional>
#include <optional>

#include "plumb/lab/experiments/figure_one_curves.h"
#include "tests/lab/lab_checks.h"

namespace plumb::lab {
namespace {

class WholeCurvesTest : public testing::Test {
 protected:
  static constexpr int kSeeds = 2;

  static Result curves(int hidden, const std::function<void(TrainConfig&)>& change = {}) {
    const Experiment& experiment = find_experiment("figure-1");
    const Settings settings{experiment.name, experiment.parameters, {}};
    std::vector<LearningSpeeds> trainings;
    std::optional<Split> data;
    for (int s = 0; s < kSeeds; ++s) {
      TrainConfig config =
          figure_one_protocol(settings, hidden, settings.seed() + static_cast<std::uint64_t>(s));
      if (change) change(config);
      if (!data) data = load_split(config.data, {config.limit, 0, false, settings.seed()});
      Trainer trainer(config, *data);
      trainings.push_back(learning_speeds(trainer));
    }
    Result result;
    hold_curves(result, hidden, trainings, independent_curves(), kIndependentSeeds, "numpy");
    return result;
  }
};

TEST_F(WholeCurvesTest, LieOnThoseOfAnotherProgram) {
  for (int hidden = 2; hidden <= 4; ++hidden) test::expect_agrees(curves(hidden));
}

TEST_F(WholeCurvesTest, WithoutDecayTheyDoNot) {
  EXPECT_FALSE(curves(4, [](TrainConfig& config) { config.optimiser.weight_decay = 0; }).agrees());
}

TEST_F(WholeCurvesTest, WithAClipTheyDoNot) {
  EXPECT_FALSE(curves(2, [](TrainConfig& config) { config.clip_norm = 0.5; }).agrees());
}

}  // namespace
}  // namespace plumb::lab
