// SPDX-License-Identifier: Apache-2.0
#include "tests/support/run_builder.h"

#include <algorithm>
#include <cmath>

namespace plumb::test {

Sketch sketch_of(std::span<const double> values, int log2_scale) {
  Sketch sketch;
  sketch.log2_scale = log2_scale;
  sketch.count = values.size();
  double sum = 0;
  for (const double x : values) {
    if (!std::isfinite(x)) {
      ++sketch.nonfinite_count;
      continue;
    }
    sum += x;
    sketch.zero_count += x == 0 ? 1 : 0;
    sketch.abs_max = std::max(sketch.abs_max, std::abs(x));
    if (x != 0) {
      const int bin = std::clamp(std::ilogb(x) - Sketch::kMinExponent, 0, Sketch::kBins - 1);
      ++sketch.histogram[static_cast<std::size_t>(bin)];
    }
  }
  if (sketch.finite_count() == 0) return sketch;
  sketch.mean = sum / static_cast<double>(sketch.finite_count());
  for (const double x : values) {
    if (std::isfinite(x)) sketch.m2 += (x - sketch.mean) * (x - sketch.mean);
  }
  return sketch;
}

Sketch sketch_with_rms(double true_log2_rms, std::uint64_t count) {
  Sketch sketch;
  sketch.count = count;
  if (std::isinf(true_log2_rms)) {
    sketch.zero_count = count;
    return sketch;
  }
  const double whole = std::floor(true_log2_rms);
  const double rms = std::exp2(true_log2_rms - whole);
  sketch.log2_scale = static_cast<int>(whole);
  sketch.m2 = rms * rms * static_cast<double>(count);
  sketch.abs_max = rms;
  sketch.histogram[static_cast<std::size_t>(-Sketch::kMinExponent)] = count;
  return sketch;
}

Sketch with_nonfinite(Sketch sketch, std::uint64_t nonfinite) {
  sketch.nonfinite_count = nonfinite;
  return sketch;
}

Site site_of(const std::string& path, Role role) {
  const bool parameter = role == Role::weight || role == Role::grad_weight || role == Role::update;
  return {path, role, parameter ? "weight" : ""};
}

void put(StepRecord& step, const std::string& path, Role role, const Sketch& sketch) {
  const Site site = site_of(path, role);
  for (SketchRecord& record : step.sketches) {
    if (record.site == site) {
      record.sketch = sketch;
      return;
    }
  }
  step.sketches.push_back({site, sketch});
}

void put_rms(StepRecord& step, const std::string& path, Role role, double true_log2_rms) {
  put(step, path, role, sketch_with_rms(true_log2_rms));
}

LayerInfo dense_info(const std::string& path, int depth, std::int64_t fan_in, std::int64_t units,
                     const std::string& parent) {
  LayerInfo info;
  info.path = path;
  info.kind = "dense";
  info.family = LayerFamily::linear;
  info.text = "dense " + std::to_string(units);
  info.parent = parent;
  info.depth = depth;
  info.units = units;
  info.fan_in = fan_in;
  info.fan_out = units;
  return info;
}

LayerInfo activation_info(const std::string& path, const std::string& kind, int depth,
                          std::int64_t units, const std::string& parent) {
  LayerInfo info;
  info.path = path;
  info.kind = kind;
  info.family = LayerFamily::activation;
  info.text = kind;
  info.parent = parent;
  info.depth = depth;
  info.units = units;
  info.max_derivative = kind == "sigmoid" ? 0.25 : 1.0;
  return info;
}

Run flat_run(int layers, std::int64_t width, const std::string& kind, int steps) {
  Run run;
  run.info.network = std::to_string(layers) + " dense layers";
  run.info.optimiser = "sgd";
  run.info.batch = 64;
  for (int l = 0; l < layers; ++l) {
    run.info.layers.push_back(dense_info(std::to_string(2 * l), l + 1, width, width));
    if (l + 1 < layers) {
      run.info.layers.push_back(activation_info(std::to_string(2 * l + 1), kind, l + 1, width));
    }
  }
  const double weight = -0.5 * std::log2(static_cast<double>(width));
  for (int s = 0; s < steps; ++s) {
    StepRecord step;
    step.step = s;
    step.measured = true;
    step.loss = 1;
    step.learning_rate = 0.1;
    step.grad_norm = 1;
    put_rms(step, "input", Role::a, 0);
    put_rms(step, "input", Role::grad_a, 0);
    for (const LayerInfo& layer : run.info.layers) {
      if (layer.family == LayerFamily::linear) {
        put_rms(step, layer.path, Role::z, 0);
        put_rms(step, layer.path, Role::grad_z, 0);
        put_rms(step, layer.path, Role::weight, weight);
        put_rms(step, layer.path, Role::grad_weight, weight - 4);
        put_rms(step, layer.path, Role::update, weight - 7);
        step.symmetries.push_back({layer.path, layer.units, 0});
      } else {
        put_rms(step, layer.path, Role::a, 0);
        put_rms(step, layer.path, Role::grad_a, 0);
        const double derivative = kind == "relu" ? -0.5 : 0.0;
        const double active = kind == "relu" ? 0.5 : 1.0;
        step.activations.push_back({layer.path, derivative, 0, active, layer.units, 0, 1000});
      }
    }
    run.steps.push_back(std::move(step));
  }
  return run;
}

}  // namespace plumb::test
