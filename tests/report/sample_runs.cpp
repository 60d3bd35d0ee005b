// SPDX-License-Identifier: Apache-2.0
#include "tests/report/sample_runs.h"

#include <cmath>
#include <limits>
#include <utility>

#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"

namespace plumb::test {

namespace {

Run trained(const char* activation, double gain, int depth, int steps) {
  MiniSpec spec;
  spec.activation = activation;
  spec.depth = depth;
  spec.gain = gain;
  spec.steps = steps;
  Run run = run_mini_net(spec);
  run.info.network =
      std::to_string(depth) + " x [dense 32 > " + std::string(activation) + "] > dense 4";
  run.info.settings = {{"learning_rate", "0.05"}};
  run.end = RunEnd{"finished", steps, 1.5};
  return run;
}

}  // namespace

Run sick_run() { return trained("sigmoid", 1.0, 30, 12); }

Run healthy_run() { return trained("relu", std::sqrt(2.0), 30, 12); }

Run probe_run() {
  Run run = trained("tanh", 1.0, 2, 1);
  run.info.kind = "probe";
  return run;
}

Run deep_run() {
  // Each layer takes two bits: one the weight, one the sigmoid.
  const int layers = 2000;
  Run run = flat_run(layers, 8, "sigmoid", 1);
  run.info.network = "2000 x [dense 8 > sigmoid]";
  StepRecord& step = run.steps.front();
  step.sketches.clear();
  for (const auto& layer : run.info.layers) {
    const double level = -2.0 * (layers - layer.depth);
    if (layer.family == LayerFamily::linear) {
      put(step, layer.path, Role::grad_z, sketch_with_rms(level));
      put(step, layer.path, Role::grad_weight, sketch_with_rms(level));
      put(step, layer.path, Role::weight, sketch_with_rms(-1.0 - std::log2(8.0) / 2));
    } else {
      put(step, layer.path, Role::grad_a, sketch_with_rms(level + 1.0));
    }
  }
  for (auto& activation : step.activations) activation.log2_rms_derivative = -1;
  for (std::int64_t later = 1; later < 4; ++later) {
    StepRecord copy = run.steps.front();
    copy.step = later;
    run.steps.push_back(std::move(copy));
  }
  return run;
}

Run nasty_run() {
  Run run = flat_run(4, 8, "relu", 3);
  run.info.network =
      "</script><script>window.broken = 1</script> \"quoted\" 'single' \\ \x1b[31mred";
  run.info.machine = "\xC3\xBC \xE4\xBD\xA0\xE5\xA5\xBD \xF0\x9F\x98\x80 \xFF";
  run.info.settings = {{"<b>note</b>", "<!-- & {{x}} $& ${y}"}};
  StepRecord& last = run.steps.back();
  put_rms(last, run.info.layers[0].path, Role::grad_z, -std::numeric_limits<double>::infinity());
  for (auto& record : last.sketches) {
    if (record.site == site_of(run.info.layers[2].path, Role::grad_z)) {
      record.sketch = with_nonfinite(record.sketch, record.sketch.count);
    }
  }
  last.loss = std::numeric_limits<double>::quiet_NaN();
  run.end.reset();
  return run;
}

}  // namespace plumb::test
