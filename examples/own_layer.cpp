// SPDX-License-Identifier: Apache-2.0
// An activation of one's own in a network string, x / sqrt(1 + a x^2): checked, trained, judged.
#include <cmath>
#include <cstdio>

#include "plumb/diagnose/diagnosis.h"
#include "plumb/diagnose/words/verdict.h"
#include "plumb/nn/gradient_check.h"
#include "plumb/nn/layers/activation.h"
#include "plumb/train/run_training.h"

struct InverseRoot {
  double a = 1;
  auto value(auto x) const { return x / std::sqrt(1 + static_cast<decltype(x)>(a) * x * x); }
  auto vjp(auto x, auto /*y*/, auto grad_y) const {
    const auto root = 1 / std::sqrt(1 + static_cast<decltype(x)>(a) * x * x);
    return grad_y * root * root * root;
  }
};

std::unique_ptr<plumb::Layer> make_inverse_root(plumb::LayerRequest& request) {
  const double a = request.arguments.number(0, "a").value_or(1);
  request.arguments.done();
  return std::make_unique<plumb::Activation<InverseRoot>>("isru", InverseRoot{a});
}

int main() {
  plumb::Activation<InverseRoot> layer("isru");
  plumb::Tensor x({1, 2}, plumb::DType::f64);
  x.as<double>()[0] = 0.7;  // the other one is 0
  if (!plumb::check_gradient(layer, x.view()).within(1e-7)) return 1;

  plumb::TrainConfig config;
  config.network = "12 x [dense 32 > isru 0.5] > dense 3";
  config.own_layers = {{"isru", "", "isru [A]", "x / sqrt(1 + A x^2)", make_inverse_root}};
  config.data = "teacher?n=640&in=8&classes=3";
  config.steps = 60;
  const plumb::Run run = plumb::train(config);
  std::puts(plumb::verdict(run, plumb::diagnose(run)).c_str());
}
