// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <vector>

#include "plumb/core/rng.h"
#include "tests/cases/case.h"
#include "tests/cases/case_data.h"

namespace plumb::test {
namespace {

/// Every input times `factor`, plus `offset`.
Dataset moved_line(double factor, double offset) {
  Dataset data = line(0);
  for (float& value : data.x.view().as<float>()) {
    value = static_cast<float>(factor * static_cast<double>(value) + offset);
  }
  return data;
}

Dataset equal_samples() {
  Dataset data = line(0);
  const auto x = data.x.view().as<float>();
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 20) / 10;
  return data;
}

/// Twenty columns that share a standard normal number, and differ by a hundredth of what `line`
/// has.
Dataset alike_line() {
  Dataset data = line(0);
  const Rng rng(0, "cases/alike_line");
  const auto x = data.x.view().as<float>();
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = static_cast<float>(rng.normal(i / 20) + 0.01 * static_cast<double>(x[i]));
  }
  return data;
}

/// As bytes 0 to 255 are, in units of 255.
Dataset unit_bytes() { return moved_line(60.0 / 255, 127.0 / 255); }

const std::string kSgd = " --lr 0.05";

// What is wrong with the data, and twins without it.
std::vector<Case> data_cases() {
  const std::string relu = "2 x [dense 64 > relu] > dense 4";
  const Right column{
      .rule = "column_scale", .cause = CauseKind::data, .remedy = RemedyKind::scale_inputs};
  const Right inputs{
      .rule = "input_scale", .cause = CauseKind::data, .remedy = RemedyKind::scale_inputs};
  const Right targets{.rule = "target_scale", .remedy = RemedyKind::scale_targets};
  const Right well{.never = {"column_scale", "input_scale", "target_scale", "output_scale"}};
  Right amount = column;
  amount.says = {"amount", "--standardise"};
  Right third = column;
  third.says = {"olumn 3 "};
  Right bytes_said = inputs;
  bytes_said.says = {"rms 14", "mean 127"};
  Right far = targets;
  far.says = {"mean 2e+04, deviation"};
  const Right alike{.rule = "collinear_columns",
                    .cause = CauseKind::data,
                    .remedy = RemedyKind::decorrelate_columns};
  return {
      {.name = "C_columns_alike",
       .network = "2 x [dense 64 > relu] > dense 4",
       .flags = kHe + kShort + " --lr 0.05",
       .right = alike,
       .data = made(alike_line)},
      {.name = "C1_a_table_of_two_units",
       .network = "dense 16 > relu > dense 3",
       .flags = "--lr 0.01 --epochs 30 --batch 16",
       .right = amount,
       .data = made(scaled_apart, 7)},
      {.name = "C2_unscaled_bytes",
       .network = "3 x [dense 64 > relu] > dense 4",
       .flags = kHe + kShort + kAdam,
       .right = bytes_said,
       .data = made(bytes, 0)},
      {.name = "C3_one_column_3000_times",
       .network = "3 x [dense 64 > relu] > dense 4",
       .flags = kHe + kShort + kAdam,
       .right = third,
       .data = made(large_column, 0, 3, 3e3)},
      {.name = "C4_far_targets",
       .network = "2 x [dense 64 > relu] > dense 1",
       .flags = kHe + kShort + kAdam,
       .right = far,
       .data = made(far_targets, 0, 2e4, 5e3)},
      {.name = "one_column_500_times_under_sgd",
       .network = relu,
       .flags = kHe + kShort + kSgd,
       .right = column,
       .data = made(large_column, 1, 7, 500.0)},
      {.name = "bytes_before_tanh",
       .network = "2 x [dense 64 > tanh] > dense 4",
       .flags = "--init glorot_normal --bias-init zeros" + kShort + kAdam,
       .right = {.rule = "input_scale", .remedy = RemedyKind::scale_inputs},
       .data = made(bytes, 1)},
      {.name = "tiny_inputs_under_sgd",
       .network = relu,
       .flags = kHe + kShort + kSgd,
       .right = inputs,
       .data = made(moved_line, 1e-3, 0.0)},
      {.name = "negative_far_targets_under_sgd",
       .network = "2 x [dense 64 > relu] > dense 1",
       .flags = kHe + kShort + " --lr 0.01",
       .right = targets,
       .data = made(far_targets, 0, -400.0, 90.0)},
      {.name = "targets_far_away_and_narrow",
       .network = "2 x [dense 64 > relu] > dense 1",
       .flags = kHe + kShort + kAdam,
       .right = targets,
       .data = made(far_targets, 1, 1000.0, 1.0)},
      {.name = "all_samples_equal",
       .network = relu,
       .flags = kHe + kShort + kAdam,
       .right = {.rule = "constant_features", .severity = Severity::critical},
       .data = equal_samples},

      {.name = "healthy_line",
       .network = relu,
       .flags = kHe + kShort + kAdam,
       .right = well,
       .data = made(line, 0)},
      {.name = "healthy_bytes_in_units",
       .network = relu,
       .flags = kHe + kShort + kAdam,
       .right = well,
       .data = unit_bytes},
      {.name = "healthy_bytes_behind_bn",
       .network = "bn > 2 x [dense 64 > relu] > dense 4",
       .flags = kHe + kShort + kAdam,
       .right = well,
       .data = made(bytes, 0)},
      {.name = "healthy_column_behind_bn",
       .network = "bn > 2 x [dense 64 > relu] > dense 4",
       .flags = kHe + kShort + kAdam,
       .right = well,
       .data = made(large_column, 0, 3, 3e3)},
      {.name = "healthy_column_standardised",
       .network = relu,
       .flags = kHe + kShort + kAdam + " --standardise true",
       .right = well,
       .data = made(large_column, 0, 3, 3e3)},
      {.name = "healthy_far_targets_standardised",
       .network = "2 x [dense 64 > relu] > dense 1",
       .flags = kHe + kShort + kAdam + " --standardise true",
       .right = well,
       .data = made(far_targets, 0, 2e4, 5e3)},
      {.name = "healthy_targets",
       .network = "2 x [dense 64 > relu] > dense 1",
       .flags = kHe + kShort + kAdam,
       .right = well,
       .data = made(far_targets, 0, 0.0, 1.0)},
      {.name = "healthy_inputs_of_four",
       .network = relu,
       .flags = kHe + kShort + kAdam,
       .right = well,
       .data = made(moved_line, 1.0, 3.5)},
  };
}

// What stands before the loss, between the layers, or in their way.
std::vector<Case> structure_cases() {
  const std::string glyphs = " --data glyphs?n=1000";
  const std::string hidden = "flatten > 2 x [dense 64 > relu] > dense 10";
  const Right end{.rule = "logits_activation", .remedy = RemedyKind::drop_activation};
  Right logits = end;
  logits.severity = Severity::critical;
  logits.cause = CauseKind::output_activation;
  logits.says = {"takes logits"};
  Right range = end;
  range.rule = "output_range";
  const Right well{.never = {"logits_activation", "output_range", "no_activation",
                             "tiny_normalisation", "starving_dropout", "closed_units",
                             "collapsed_signal"}};
  const std::string bce = "--loss binary_cross_entropy --optimiser adam --lr 0.02 --epochs 100";
  return {
      {.name = "F1_sigmoid_before_cross_entropy",
       .network = hidden + " > sigmoid",
       .flags = kHe + glyphs + " --epochs 3",
       .right = logits},
      {.name = "F2_two_sigmoids",
       .network = "dense 8 > relu > dense 1 > sigmoid",
       .flags = bce,
       .right = logits,
       .data = made(sum_above, 8, false)},
      {.name = "softmax_before_cross_entropy",
       .network = hidden + " > softmax",
       .flags = kHe + glyphs + " --epochs 3",
       .right = logits},
      {.name = "tanh_before_cross_entropy",
       .network = hidden + " > tanh",
       .flags = kHe + glyphs + " --epochs 3",
       .right = end},
      {.name = "sigmoid_for_targets_beyond_one",
       .network = "2 x [dense 64 > relu] > dense 1 > sigmoid",
       .flags = kHe + kShort + kAdam,
       .right = range,
       .data = made(far_targets, 0, 3.0, 2.0)},
      {.name = "relu_for_negative_targets",
       .network = "2 x [dense 64 > relu] > dense 1 > relu",
       .flags = kHe + kShort + kAdam,
       .right = range,
       .data = made(far_targets, 0, -1.0, 1.0)},
      {.name = "no_activation_at_all",
       .network = "3 x [dense 64] > dense 3",
       .flags = kHe + kAdam + " --data spirals?n=900&classes=3 --batch 64 --steps 300",
       .right = {.rule = "no_activation", .remedy = RemedyKind::add_activation}},
      {.name = "bn_over_two_samples",
       .network = "2 x [dense 64 > bn > relu] > dense 4",
       .flags = kHe + kAdam + " --batch 2 --steps 300",
       .right = {.rule = "tiny_normalisation"},
       .data = made(line, 0)},
      {.name = "dropout_of_nearly_all",
       .network = "2 x [dense 64 > relu > dropout 0.97] > dense 4",
       .flags = kHe + kAdam + kShort,
       .right = {.rule = "starving_dropout", .remedy = RemedyKind::lower_dropout},
       .data = made(line, 0)},
      {.name = "fifty_relus",
       .network = "50 x [dense 64 > relu] > dense 4",
       .flags = kHe + kAdam + kShort,
       .right = {.rule = "collapsed_signal", .remedy = RemedyKind::add_residual},
       .data = made(line, 0)},

      {.name = "healthy_logits",
       .network = hidden,
       .flags = kHe + glyphs + " --epochs 10 --lr 0.1",
       .right = well},
      {.name = "healthy_one_logit",
       .network = "dense 8 > relu > dense 1",
       .flags = bce,
       .right = well,
       .data = made(sum_above, 8, false)},
      {.name = "healthy_one_logit_for_two_classes",
       .network = "dense 8 > relu > dense 1",
       .flags = bce,
       .right = well,
       .data = made(sum_above, 8, true)},
      {.name = "healthy_sigmoid_for_values_of_zero_and_one",
       .network = "dense 8 > relu > dense 1 > sigmoid",
       .flags = "--loss mse --optimiser adam --lr 0.02 --epochs 100",
       .right = well,
       .data = made(sum_above, 8, false)},
      {.name = "healthy_spare_outputs",
       .network = "2 x [dense 64 > relu] > dense 7",
       .flags = kHe + kAdam + kShort,
       .right = well,
       .data = made(line, 0)},
      {.name = "healthy_dropout",
       .network = "2 x [dense 64 > relu > dropout 0.3] > dense 4",
       .flags = kHe + kAdam + kShort,
       .right = well,
       .data = made(line, 0)},
      {.name = "healthy_bn",
       .network = "2 x [dense 64 > bn > relu] > dense 4",
       .flags = kHe + kAdam + kShort,
       .right = well,
       .data = made(line, 0)},
      {.name = "healthy_ten_relus",
       .network = "10 x [dense 64 > relu] > dense 4",
       .flags = kHe + kAdam + kShort,
       .right = well,
       .data = made(line, 0)},
  };
}

/// Starts every bias of a linear layer, or every shift or scale of a normalisation, at `value`.
std::function<void(Network&)> starts(const std::string& suffix, double value) {
  return [=](Network& network) {
    for (std::size_t i = 0; i < network.params().size(); ++i) {
      if (!network.param_names()[i].ends_with(suffix)) continue;
      if (network.params()[i]->value.shape().rank() != 1) continue;
      if (i + 1 == network.params().size()) continue;  // of the output
      for (float& one : network.params()[i]->value.view().as<float>()) {
        one = static_cast<float>(value);
      }
    }
  };
}

std::vector<Case> parameter_cases() {
  const std::string flags = kHe + kShort + " --lr 0.02";
  const Right closed{.rule = "closed_units", .remedy = RemedyKind::set_bias};
  return {
      {.name = "gelu_closed_by_its_biases",
       .network = "3 x [dense 64 > gelu] > dense 4",
       .flags = flags,
       .right = closed,
       .data = made(line, 0),
       .start = starts(".bias", -8)},
      {.name = "elu_closed_by_its_biases",
       .network = "3 x [dense 64 > elu] > dense 4",
       .flags = flags,
       .right = closed,
       .data = made(line, 0),
       .start = starts(".bias", -8)},
      {.name = "leaky_relu_closed_by_its_biases",
       .network = "4 x [dense 64 > leaky_relu 0.01] > dense 4",
       .flags = flags,
       .right = closed,
       .data = made(line, 0),
       .start = starts(".bias", -8)},
      {.name = "healthy_gelu_with_small_biases",
       .network = "3 x [dense 64 > gelu] > dense 4",
       .flags = kHe + kShort + kAdam,
       .right = {.never = {"closed_units"}},
       .data = made(line, 0),
       .start = starts(".bias", -0.1)},
  };
}

PLUMB_CASES(DataCases, data_cases());
PLUMB_CASES(StructureCases, structure_cases());
PLUMB_CASES(ParameterCases, parameter_cases());

}  // namespace
}  // namespace plumb::test
