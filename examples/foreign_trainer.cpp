// SPDX-License-Identifier: Apache-2.0
// A trainer that knows nothing of plumb: 16 numbers in a chain, y = w y, in plain loops.
#include "plumb/diagnose/words/verdict.h"
#include "plumb/monitor/monitor.h"
#include "plumb/observe/run_builder.h"

plumb::ConstView view(const float& x) { return {&x, plumb::DType::f32, plumb::Shape({1, 1})}; }

int main() {
  constexpr std::size_t kDepth = 16;
  plumb::RunBuilder run;
  std::vector<plumb::LayerId> layer{run.add_input("x", 1)};
  std::vector<plumb::ParamId> weight(1);
  for (std::size_t l = 1; l <= kDepth; ++l) {
    const std::string path = "fc" + std::to_string(l);
    layer.push_back(run.add_layer(path, "Linear", plumb::LayerFamily::linear, {{layer[l - 1]}}));
    weight.push_back(run.add_weight(layer[l], path + ".weight", {.outputs = 1, .inputs = 1}));
  }
  std::vector<float> w(kDepth + 1, 0.5F), y(kDepth + 1, 1.0F);
  plumb::Monitor monitor(run.info(), {.record = "every=2"});
  for (int i = 0; i < 6; ++i) {
    plumb::Monitor::Step step = monitor.step(i);
    plumb::Recorder* const recorder = step.recorder();  // null where the step is not due
    for (std::size_t l = 1; l <= kDepth; ++l) y[l] = w[l] * y[l - 1];
    float g = y[kDepth] - 1;
    for (std::size_t l = kDepth; l > 0; --l) {
      const float grad_w = g * y[l - 1];
      if (recorder != nullptr) {
        recorder->output(layer[l], view(y[l]));
        recorder->gradient(layer[l], view(g), 0);
        recorder->parameter(weight[l], plumb::Role::weight, view(w[l]));
        recorder->parameter(weight[l], plumb::Role::grad_weight, view(grad_w));
      }
      g *= w[l];
      w[l] -= 0.1F * grad_w;
    }
  }
  std::puts(plumb::verdict(monitor.diagnosis()).c_str());
  return monitor.findings().empty() ? 1 : 0;  // weights of 1/2 halve the gradient 15 times
}
