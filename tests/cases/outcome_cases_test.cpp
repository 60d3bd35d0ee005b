// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/cases/case.h"
#include "tests/cases/case_data.h"

namespace plumb::test {
namespace {

const std::string kGlyphs = " --data glyphs?n=1000";
constexpr auto kCritical = Severity::critical;

/// Sets every bias of the last linear layer.
void shift_output(Network& network, float value) {
  Param* const bias = network.params().back();
  for (float& one : bias->value.view().as<float>()) one = value;
}

/// The weight of the last linear layer is zero at first, as careful output layers have it.
void zero_head(Network& network) {
  Param* const weight = network.params()[network.params().size() - 2];
  for (float& one : weight->value.view().as<float>()) one = 0;
}

/// An activation on the output that is flat for every sample stops all learning.
std::vector<Case> silent_outputs() {
  const std::string relu = "flatten > dense 64 > relu > dense 10 > relu";
  const std::string silent = "2 x [dense 32 > relu] > dense 4 > relu";
  const Right dies{.rule = "zero_gradient",
                   .severity = kCritical,
                   .path = "4",
                   .cause = CauseKind::zero_derivative,
                   .remedy = RemedyKind::drop_activation,
                   .did_harm = true};
  Right born = dies;
  born.path = "5";
  born.did_harm = std::nullopt;
  return {
      {.name = "A1_relu_on_the_output_dies",
       .network = relu,
       .flags = kHe + kGlyphs + " --optimiser adam --lr 0.025 --epochs 20 --batch 32 --seed 0",
       .right = dies},
      {.name = "A1_twin_without_it",
       .network = "flatten > dense 64 > relu > dense 10",
       .flags = kHe + kGlyphs + " --optimiser adam --lr 0.0025 --epochs 10 --batch 32",
       .right = {.outcome = Outcome::healthy}},
      {.name = "A1_silent_from_the_start",
       .network = silent,
       .flags = kHe + kShort + kAdam,
       .right = born,
       .data = made(line, 0),
       .start = [](Network& network) { shift_output(network, -100); }},
      {.name = "A1_silent_relu6",
       .network = "2 x [dense 32 > relu] > dense 4 > relu6",
       .flags = kHe + kShort + kAdam,
       .right = born,
       .data = made(line, 1),
       .start = [](Network& network) { shift_output(network, -100); }},
      {.name = "A1_silent_regression",
       .network = "2 x [dense 32 > tanh] > dense 1 > relu",
       .flags = kShort + kAdam + " --data teacher?in=4&out=1&n=2000",
       // Half of the targets are below zero, which is the deeper cause.
       .right = {.outcome = Outcome::not_learning,
                 .rule = "output_range",
                 .also = {"zero_gradient"}},
       .start = [](Network& network) { shift_output(network, -100); }},
      {.name = "A1_silent_for_few_steps",
       .network = silent,
       .flags = kHe + " --batch 64 --steps 12" + kAdam,
       .right = born,
       .data = made(line, 0),
       .start = [](Network& network) { shift_output(network, -100); }},
  };
}

/// Weights that start at zero leave a network at chance; a zero head or branch end does not.
std::vector<Case> zero_starts() {
  const Right symmetric{.outcome = Outcome::not_learning,
                        .rule = "symmetric_units",
                        .severity = kCritical,
                        .remedy = RemedyKind::random_weights};
  const std::string glyphs = " --data glyphs?n=1500 --epochs 8";
  return {
      {.name = "A2_all_weights_zero",
       .network = "flatten > 2 x [dense 16 > tanh] > dense 10",
       .flags = "--init zeros" + glyphs,
       .right = symmetric},
      {.name = "A2_zero_weights_and_biases",
       .network = "flatten > 2 x [dense 16 > relu] > dense 10",
       .flags = "--init zeros --bias-init zeros" + glyphs,
       .right = symmetric},
      {.name = "A2_zero_under_sigmoid",
       .network = "2 x [dense 32 > sigmoid] > dense 4",
       .flags = "--init zeros --lr 0.1 --batch 64 --steps 300",
       .right = symmetric,
       .data = made(line, 0)},
      {.name = "A2_twin_with_random_weights",
       .network = "flatten > 2 x [dense 16 > tanh] > dense 10",
       .flags = "--init glorot_normal" + glyphs,
       .right = {.outcome = Outcome::healthy}},
      {.name = "A2_twin_with_a_zero_head",
       .network = "2 x [dense 64 > relu] > dense 4",
       .flags = kHe + kShort + kAdam,
       .right = {.outcome = Outcome::healthy},
       .data = made(line, 0),
       .start = zero_head},
      {.name = "A2_twin_with_fixup",
       .network = "dense 32 > 4 x [res[dense 32 > relu > dense 32] > relu] > dense 4",
       .flags = "--init fixup --lr 0.1" + kShort,
       .right = {.outcome = Outcome::healthy},
       .data = made(line, 0)},
  };
}

/// A run that has converged is never sick: next to the optimum ratios of gradients say nothing.
std::vector<Case> converged_runs() {
  const Right converged{.outcome = Outcome::converged};
  const std::string teacher =
      "--init lecun_normal --bias-init zeros --steps 1000 --data teacher?in=4&n=2000";
  const std::string easy_flags = kHe + " --batch 64 --steps 600 --lr 0.1 --momentum 0.9";
  const std::string net = "2 x [dense 64 > relu] > dense 2";
  return {
      {.name = "A3_linear_to_the_last_bit",
       .network = "dense 1",
       .flags = teacher + "&out=1 --lr 0.5",
       .right = converged},
      {.name = "A3_three_outputs",
       .network = "dense 3",
       .flags = teacher + "&out=3 --lr 0.5",
       .right = converged},
      {.name = "A3_slower",
       .network = "dense 1",
       .flags = teacher + "&out=1 --lr 0.1 --seed 1",
       .right = converged},
      {.name = "A3_deep_linear",
       .network = "dense 8 > dense 8 > dense 1",
       .flags = teacher + "&out=1 --lr 0.1",
       .right = converged},
      {.name = "A3_in_double",
       .network = "dense 1",
       .flags = teacher + "&out=1 --lr 0.5 --precision double",
       .right = converged},
      {.name = "A3_with_adam",
       .network = "dense 1",
       .flags = teacher + "&out=1 --lr 0.03 --optimiser adam",
       .right = converged},
      {.name = "A5_separable_classes",
       .network = net,
       .flags = easy_flags,
       .right = converged,
       .data = made(easy, 0)},
      {.name = "A5_other_data",
       .network = net,
       .flags = easy_flags + " --seed 1",
       .right = converged,
       .data = made(easy, 1)},
      {.name = "A5_with_adam",
       .network = net,
       .flags = kHe + " --batch 64 --steps 600 --lr 0.01 --optimiser adam",
       .right = converged,
       .data = made(easy, 0)},
      {.name = "A5_under_tanh",
       .network = "4 x [dense 64 > tanh] > dense 2",
       .flags = "--init glorot_normal --batch 64 --steps 600 --lr 0.1 --momentum 0.9",
       .right = converged,
       .data = made(easy, 2)},
      {.name = "A5_deeper",
       .network = "8 x [dense 64 > relu] > dense 2",
       .flags = kHe + " --batch 64 --steps 600 --lr 0.05 --momentum 0.9",
       .right = converged,
       .data = made(easy, 0)},
      {.name = "A5_without_momentum",
       .network = net,
       .flags = kHe + " --batch 64 --steps 600 --lr 0.5",
       .right = converged,
       .data = made(easy, 2)},
  };
}

/// What showed and did no harm is a note.
std::vector<Case> harmless_starts() {
  const Right healthy{.outcome = Outcome::healthy};
  const std::string large = kHe + kShort + " --lr 0.5";
  const std::string deep = "8 x [dense 64 > relu] > dense 4";
  Right vanished = healthy;
  vanished.also = {"vanishing_gradient"};
  return {
      {.name = "A4_large_first_steps",
       .network = "2 x [dense 128 > relu] > dense 4",
       .flags = large,
       .right = healthy,
       .data = made(line, 0)},
      {.name = "A4_other_data",
       .network = "2 x [dense 128 > relu] > dense 4",
       .flags = large + " --seed 1",
       .right = healthy,
       .data = made(line, 1)},
      {.name = "A4_wider",
       .network = "2 x [dense 256 > relu] > dense 4",
       .flags = large,
       .right = healthy,
       .data = made(line, 2)},
      {.name = "A4_one_layer",
       .network = "dense 128 > relu > dense 4",
       .flags = large,
       .right = healthy,
       .data = made(line, 0)},
      {.name = "A4_small_steps",
       .network = "2 x [dense 128 > relu] > dense 4",
       .flags = kHe + kShort + " --lr 0.1",
       .right = healthy,
       .data = made(line, 0)},
      {.name = "A7_adam_makes_it_good",
       .network = deep,
       .flags = kShort + kAdam,
       .right = vanished,
       .data = made(line, 0)},
      {.name = "A7_other_data",
       .network = deep,
       .flags = kShort + kAdam + " --seed 1",
       .right = vanished,
       .data = made(line, 1)},
      {.name = "A7_under_tanh",
       .network = "8 x [dense 64 > tanh] > dense 4",
       .flags = kShort + kAdam,
       .right = healthy,
       .data = made(line, 0)},
      {.name = "A7_with_rmsprop",
       .network = deep,
       .flags = kShort + " --optimiser rmsprop --lr 1e-3",
       .right = healthy,
       .data = made(line, 2)},
      {.name = "A7_twin_that_gradient_descent_does_not_mend",
       .network = deep,
       .flags = kShort + " --lr 0.05",
       .right = {.outcome = Outcome::not_learning,
                 .rule = "vanishing_gradient",
                 .did_harm = true,
                 .says_not = {"did no harm"}},
       .data = made(line, 0)},
  };
}

/// The running statistics of batch normalisation are those of use.
std::vector<Case> running_statistics() {
  const std::string glyphs = kGlyphs + " --lr 0.1 --epochs 5 --batch 32";
  const Right slow{.outcome = Outcome::sick,
                   .rule = "running_statistics",
                   .path = "2",
                   .cause = CauseKind::slow_running_statistics,
                   .remedy = RemedyKind::set_momentum,
                   .says = {"momentum"}};
  Right of_rows = slow;
  of_rows.path = "1";
  return {
      {.name = "A6_small_momentum",
       .network = "flatten > dense 64 > bn momentum=0.001 > relu > dense 10",
       .flags = glyphs,
       .right = slow},
      {.name = "A6_other_seed",
       .network = "flatten > dense 64 > bn momentum=0.0003 > relu > dense 10",
       .flags = glyphs + " --seed 3",
       .right = slow},
      {.name = "A6_two_of_them",
       .network = "2 x [dense 64 > bn momentum=0.0005 > relu] > dense 4",
       .flags = kShort + " --lr 0.1",
       .right = of_rows,
       .data = made(bytes, 1)},
      {.name = "A6_twin_whose_batches_are_like_the_start",
       .network = "2 x [dense 64 > bn momentum=0.0005 > relu] > dense 4",
       .flags = kShort + " --lr 0.1",
       .right = {.never = {"running_statistics"}},
       .data = made(line, 0)},
      {.name = "A6_unscaled_inputs",
       .network = "dense 64 > bn momentum=0.001 > relu > dense 4",
       .flags = kShort + " --lr 0.1",
       .right = of_rows,
       .data = made(bytes, 0)},
      {.name = "A6_twin_with_the_usual_momentum",
       .network = "flatten > dense 64 > bn > relu > dense 10",
       .flags = glyphs,
       .right = {.never = {"running_statistics"}}},
      {.name = "A6_twin_with_enough_steps",
       .network = "dense 64 > bn momentum=0.02 > relu > dense 4",
       .flags = kShort + " --lr 0.1",
       .right = {.outcome = Outcome::healthy},
       .data = made(line, 0)},
      {.name = "A6_twin_with_dropout",
       .network = "dense 64 > relu > dropout 0.3 > dense 4",
       .flags = kShort + kAdam,
       .right = {.outcome = Outcome::healthy},
       .data = made(line, 0)},
  };
}

/// Neither a fault of the gradient nor health.
std::vector<Case> other_outcomes() {
  const std::string net = "2 x [dense 64 > relu] > dense 4";
  return {
      {.name = "healthy_relu",
       .network = net,
       .flags = kHe + kShort + kAdam,
       .right = {.outcome = Outcome::healthy},
       .data = made(line, 0)},
      {.name = "healthy_images",
       .network = "flatten > dense 64 > relu > dense 10",
       .flags = kHe + kGlyphs + " --batch 32 --epochs 10 --lr 0.1"},
      {.name = "noisy_labels",
       .network = net,
       .flags = kHe + kShort + kAdam,
       .right = {.outcome = Outcome::healthy},
       .data = made(noisy_line, 0, 0.4)},
      {.name = "nothing_to_be_learned",
       .network = "dense 8 > relu > dense 4",
       .flags = kHe + kShort + kAdam,
       .right = {.outcome = Outcome::not_learning,
                 .rule = "not_learning",
                 .severity = kCritical,
                 .cause = CauseKind::unknown,
                 .says = {"Ruled out"}},
       .data = made(random_labels, 0, std::int64_t{4096})},
      {.name = "learned_by_heart",
       .network = net,
       .flags = kHe + " --optimiser adam --lr 3e-3 --batch 16 --steps 600",
       .right = {.also = {"overfitting"}},
       .data = made(random_labels, 1, std::int64_t{120})},
      {.name = "a_rate_of_next_to_nothing",
       .network = net,
       .flags = kHe + kShort + " --lr 1e-9",
       .right = {.outcome = Outcome::not_learning, .rule = "stalled_layer", .did_harm = true},
       .data = made(line, 0)},
      {.name = "a_rate_that_diverges",
       .network = net,
       .flags = kHe + kShort + " --lr 30",
       .right = {.rule = "update_too_large", .severity = kCritical},
       .data = made(line, 0)},
      {.name = "five_steps_are_too_early",
       .network = net,
       .flags = kHe + " --batch 64 --steps 5 --lr 0.01",
       .right = {.outcome = Outcome::too_early},
       .data = made(line, 0)},
      {.name = "regression",
       .network = "2 x [dense 64 > relu] > dense 1",
       .flags = kHe + kShort + kAdam,
       .right = {.outcome = Outcome::healthy},
       .data = made(far_targets, 0, 0.0, 1.0)},
      {.name = "two_classes_of_one_output",
       .network = "dense 32 > relu > dense 1",
       .flags = kHe + " --loss binary_cross_entropy --optimiser adam --lr 0.02 --epochs 60",
       .right = {},
       .data = made(sum_above, 8, true)},
  };
}

std::vector<Case> outcome_cases() {
  std::vector<Case> all;
  for (const auto& family : {silent_outputs(), zero_starts(), converged_runs(), harmless_starts(),
                             running_statistics(), other_outcomes()}) {
    all.insert(all.end(), family.begin(), family.end());
  }
  return all;
}

PLUMB_CASES(OutcomeCases, outcome_cases());

}  // namespace
}  // namespace plumb::test
