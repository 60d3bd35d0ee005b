// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/cases/case.h"

namespace plumb::test {
namespace {

const std::string kSpirals = " --data spirals?n=600 --optimiser adam --lr 3e-3" + kShort + kHe;

/// Every parameter of that name which is a vector: the scales ("weight") or shifts ("bias") of the
/// normalisations, where no layer with weights has a bias.
std::function<void(Network&)> with(const std::string& name, float value) {
  return [=](Network& network) {
    for (Param* param : network.params()) {
      if (param->name != name || param->value.shape().rank() != 1) continue;
      for (float& one : param->value.view().as<float>()) one = value;
    }
  };
}

std::string chain(const std::string& body) {
  return "3 x [dense 32 bias=false > " + body + "] > dense 3 bias=false";
}

PLUMB_CASES(NormCases,
            (std::vector<Case>{
                {"scales_that_drive_a_tanh_flat",
                 chain("bn > tanh"),
                 kSpirals,
                 {.rule = "saturated_activation",
                  .cause = CauseKind::norm_scale,
                  .remedy = RemedyKind::set_scale},
                 {},
                 with("weight", 100)},
                {"shifts_that_hold_a_tanh_in_a_flat_end",
                 chain("ln > tanh"),
                 kSpirals,
                 {.rule = "saturated_activation",
                  .cause = CauseKind::norm_shift,
                  .remedy = RemedyKind::set_bias},
                 {},
                 with("bias", 8)},
                {"scales_of_a_third", chain("bn > relu"), kSpirals, {}, {}, with("weight", 0.3F)},
            }));

}  // namespace
}  // namespace plumb::test
