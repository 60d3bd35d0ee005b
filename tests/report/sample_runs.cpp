// SPDX-License-Identifier: Apache-2.0
#include "tests/report/sample_runs.h"

#include <cmath>
#include <limits>
#include <utility>

#include "tests/support/mini_net.h"
#include "tests/support/run_builder.h"
#include "tests/support/time_builder.h"

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
  const auto put_new = [&](Site site, double log2) {
    step.sketches.push_back({site, sketch_with_rms(log2)});
  };
  for (std::size_t i = 0; i < run.info.layers.size(); ++i) {
    const LayerInfo& layer = run.info.layers[i];
    const auto id = static_cast<LayerId>(i);
    const double level = -2.0 * (layers - layer.depth);
    if (layer.family == LayerFamily::linear) {
      put_new(Site::layer(id, Role::grad_z), level);
      const ParamId weight = static_cast<ParamId>(layer.depth - 1);
      put_new(Site::param(weight, Role::grad_weight), level);
      put_new(Site::param(weight, Role::weight), -1.0 - std::log2(8.0) / 2);
    } else if (layer.family == LayerFamily::activation) {
      put_new(Site::layer(id, Role::grad_a), level + 1.0);
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
  put_rms(run.info, last, "0", Role::grad_z, -std::numeric_limits<double>::infinity());
  for (auto& record : last.sketches) {
    if (record.site == site_of(run.info, "2", Role::grad_z)) {
      record.sketch = with_nonfinite(record.sketch, record.sketch.count);
    }
  }
  last.loss = std::numeric_limits<double>::quiet_NaN();
  run.end.reset();
  return run;
}

Run time_run() {
  constexpr std::int64_t kSteps = 200;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Run run;
  run.info.network = "lstm 16 > last > dense 16";
  LayerInfo lstm = activation_info("0", "lstm", 0, 16);
  lstm.family = LayerFamily::recurrent;
  lstm.text = "lstm 16";
  lstm.cell = CellFacts{};
  LayerInfo last = activation_info("1", "last", 0, 16);
  last.family = LayerFamily::shape;
  run.info.layers = {lstm, last, dense_info("2", 1, 16, 16)};
  wire(run.info);
  run.end = RunEnd{"finished", 12, 1.5};
  const Run flat = flat_run(1, 16, "relu", 12);
  const LayerId dense = id_of(run.info, "2");
  for (StepRecord step : flat.steps) {
    // The one dense layer of a flat run is layer 1, and its weight the first parameter here too.
    for (SketchRecord& record : step.sketches) {
      if (!record.site.is_of_parameter() && record.site.id == 1) record.site.id = dense;
    }
    run.steps.push_back(std::move(step));
  }
  for (StepRecord& step : run.steps) {
    put_rms(run.info, step, "0", Role::grad_a, -1);
    put_rms(run.info, step, "1", Role::grad_a, 0);
    const double forget = 0.5 + 0.04 * static_cast<double>(step.step);
    const auto log2_c = [=](std::int64_t t) {
      return std::log2(forget) * static_cast<double>(kSteps - 1 - t) - 1;
    };
    TimeBuilder builder(id_of(run.info, "0"), kSteps, 16);
    builder
        .put(TimeQuantity::h,
             [](auto t) { return -3 + std::min(1.0, 0.02 * static_cast<double>(t)); })
        .put(TimeQuantity::c,
             [](auto t) { return -2 + std::min(1.0, 0.02 * static_cast<double>(t)); })
        .put(TimeQuantity::grad_h, [=](auto t) { return t + 1 == kSteps ? 0 : log2_c(t) - 2; })
        .put(TimeQuantity::grad_c, log2_c)
        .put(TimeQuantity::grad_h_by_carry, [=](auto t) { return log2_c(t) + std::log2(forget); })
        .put(TimeQuantity::grad_h_by_recurrence,
             [=](auto t) { return t == 0 ? -kInfinity : log2_c(t - 1) - 2; })
        .put_gate(TimeQuantity::input_gate, 0.5, 0.01, 0.02)
        .put(
            TimeQuantity::forget_gate,
            [=](auto t) { return forget + 0.02 * std::sin(0.1 * static_cast<double>(t)); },
            TimeStatistic::mean)
        .put(
            TimeQuantity::forget_gate, [](auto) { return 0.02; }, TimeStatistic::low_fraction)
        .put(
            TimeQuantity::forget_gate, [=](auto) { return (forget - 0.5) / 2; },
            TimeStatistic::high_fraction)
        .put_gate(TimeQuantity::cell_gate, 0.05, 0.1, 0.12)
        .put_gate(TimeQuantity::output_gate, 0.55, 0.0, 0.0);
    int gate = 0;
    for (const TimeQuantity way :
         {TimeQuantity::grad_h_by_input_gate, TimeQuantity::grad_h_by_forget_gate,
          TimeQuantity::grad_h_by_cell_gate, TimeQuantity::grad_h_by_output_gate}) {
      ++gate;
      builder.put(way, [=](auto t) { return log2_c(t) - 2.0 - 0.4 * gate; });
    }
    step.times.push_back(builder.record());
  }
  return run;
}

}  // namespace plumb::test
