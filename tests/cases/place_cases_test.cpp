// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cases/case.h"
#include "tests/cases/case_data.h"

namespace plumb::test {
namespace {

const std::string kEight = "8 x [dense 64 > relu] > dense 4";

void multiply(Tensor& value, double factor) {
  for (float& one : value.view().as<float>()) one = static_cast<float>(factor * one);
}

/// The weight of the linear layer of that number, counted from 1 in forward order.
std::function<void(Network&)> scaled(int layer, double factor, int other = 0, double by = 1) {
  return [=](Network& network) {
    int at = 0;
    for (Param* param : network.params()) {
      if (param->name != "weight" || param->value.shape().rank() < 2) continue;
      ++at;
      if (at == layer) multiply(param->value, factor);
      if (at == other) multiply(param->value, by);
    }
  };
}

/// The gamma of the normalisation of that number.
std::function<void(Network&)> scaled_gamma(int place, double factor) {
  return [=](Network& network) {
    int at = 0;
    for (Param* param : network.params()) {
      if (param->name != "weight" || param->value.shape().rank() != 1) continue;
      if (++at == place) multiply(param->value, factor);
    }
  };
}

std::function<void(Network&)> biased(int layer, float bias) {
  return [=](Network& network) {
    int at = 0;
    for (Param* param : network.params()) {
      if (param->name != "bias" || ++at != layer) continue;
      for (float& one : param->value.view().as<float>()) one = bias;
    }
  };
}

// One layer out of line with the others is named, with its number; the others are not blamed.
std::vector<Case> place_cases() {
  const std::string adam = kHe + kShort + kAdam;
  const std::string sgd = kHe + kShort + " --lr 0.05";
  const std::string images = kHe + " --data glyphs?n=1000 --batch 32 --steps 100 --lr 0.02";
  const Right fifth{.rule = "exploding_gradient",
                    .layer = 5,
                    .cause = CauseKind::odd_weight,
                    .remedy = RemedyKind::like_others,
                    .says = {"layer 5", "gain of its weight is 7", "the 8 others"}};
  const Right third{.rule = "vanishing_gradient",
                    .layer = 3,
                    .cause = CauseKind::odd_weight,
                    .remedy = RemedyKind::like_others};
  std::vector<Case> cases = {
      {"D1_fifth_layer_500_times", kEight, adam, fifth, made(line, 0), scaled(5, 500)},
      {"D2_third_layer_a_500th", kEight, adam, third, made(line, 0), scaled(3, 2e-3)},
      {"D_third_layer_a_500th_by_sgd", kEight, sgd, third, made(line, 1), scaled(3, 2e-3)},
      {"D_sixth_layer_300_times_elu",
       "10 x [dense 48 > elu] > dense 4",
       kShort + kAdam + " --init lecun_normal --bias-init zeros",
       {.rule = "odd_layer", .layer = 6, .cause = CauseKind::odd_weight},
       made(line, 2),
       scaled(6, 300)},
      {"D_second_layer_a_300th_tanh",
       "12 x [dense 64 > tanh] > dense 4",
       kShort + kAdam + " --init glorot_normal --bias-init zeros",
       {.rule = "vanishing_gradient", .layer = 2, .cause = CauseKind::odd_weight},
       made(line, 0),
       scaled(2, 1.0 / 300)},
      {"D_third_convolution_200_times",
       "6 x [conv 8 3x3 > relu] > flatten > dense 10",
       images,
       {.rule = "exploding_gradient", .layer = 3, .cause = CauseKind::odd_weight},
       {},
       scaled(3, 200)},
      {"D_gamma_of_one_normalisation",
       "8 x [dense 64 > bn > relu] > dense 4",
       adam,
       {.rule = "exploding_gradient", .path = "22", .cause = CauseKind::odd_normalisation},
       made(line, 0),
       scaled_gamma(8, 500)},
      {"D_one_block_of_a_resnet",
       "dense 64 > 8 x res scale=0.3[dense 64 > relu > dense 64] > dense 4",
       adam,
       {.rule = "exploding_gradient", .layer = 9, .cause = CauseKind::odd_weight},
       made(line, 0),
       scaled(9, 1000)},
      {"D_first_layer_500_times",
       kEight,
       adam,
       {.layer = 1, .cause = CauseKind::odd_weight, .remedy = RemedyKind::like_others},
       made(line, 0),
       scaled(1, 500)},
      {"D_two_layers_make_up_for_each_other",
       kEight,
       adam,
       {.rule = "odd_layer", .cause = CauseKind::odd_weight, .also = {"odd_layer"}},
       made(line, 0),
       scaled(3, 1.0 / 300, 6, 300)},
      {"D_one_dead_layer",
       kEight,
       adam,
       {.rule = "closed_units", .path = "11"},
       made(line, 0),
       biased(6, -30)},
  };
  cases.back().right.never = {"odd_layer"};
  for (Case& one : cases) {
    if (one.right.rule.empty()) one.right.rule = "odd_layer";
  }
  // Their healthy twins, and layers that differ for a reason.
  const auto healthy = [&](const std::string& name, const std::string& network,
                           const std::string& flags, std::function<Dataset()> data,
                           std::function<void(Network&)> start = {}) {
    cases.push_back({"healthy_" + name, network, flags, {}, std::move(data), std::move(start)});
  };
  healthy("eight", kEight, adam, made(line, 0));
  healthy("one_layer_of_another_activation",
          "3 x [dense 64 > relu] > dense 64 > tanh > 3 x [dense 64 > relu] > dense 4", adam,
          made(line, 1));
  healthy("widths", "dense 256 > relu > dense 16 > relu > dense 128 > relu > dense 4", adam,
          made(line, 0));
  healthy("gamma_that_the_next_one_undoes", "8 x [dense 64 > bn > relu] > dense 4", adam,
          made(line, 0), scaled_gamma(4, 300));
  healthy("one_layer_three_times", kEight, adam, made(line, 0), scaled(4, 3));
  healthy("zero_head", kEight, adam, made(line, 0), scaled(9, 0));
  healthy("convolutions", "6 x [conv 8 3x3 > relu] > flatten > dense 10", images, {});
  healthy("normalised_weight_of_any_size", "8 x [dense 64 > bn > relu] > dense 4", adam,
          made(line, 0), scaled(4, 300));
  return cases;
}

PLUMB_CASES(PlaceCases, place_cases());

// Two places are two findings.
TEST(PlaceTest, TwoLayersAreNamedEach) {
  const CaseRun run({"two",
                     "12 x [dense 64 > relu] > dense 4",
                     kHe + kShort + kAdam,
                     {},
                     made(line, 0),
                     scaled(3, 100, 8, 100)});
  std::vector<int> layers;
  for (const Finding& finding : run.diagnosis().findings()) {
    if (finding.rule == "exploding_gradient") {
      layers.push_back(run.info().layer(finding.place.id).depth);
    }
  }
  std::sort(layers.begin(), layers.end());
  EXPECT_EQ(layers, (std::vector<int>{3, 8})) << run.told();
}

}  // namespace
}  // namespace plumb::test
