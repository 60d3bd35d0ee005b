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

namespace {

/// "1" of "1.0"; empty on the main chain.
std::string_view parent_of(std::string_view path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : path.substr(0, dot);
}

class Wirer {
 public:
  explicit Wirer(RunInfo& info) : info_(info) {}

  void wire() {
    LayerInfo input;
    input.path = input.kind = "input";
    input.family = LayerFamily::input;
    info_.layers.insert(info_.layers.begin(), input);
    chain("", 0, kNoBlock);
    for (std::size_t i = 0; i < info_.layers.size(); ++i) {
      const LayerInfo& layer = info_.layers[i];
      if (layer.family != LayerFamily::linear) continue;
      ParamInfo param;
      param.path = layer.path + ".weight";
      param.name = "weight";
      param.use = ParamUse::weight;
      param.users = {static_cast<LayerId>(i)};
      info_.params.push_back(param);
    }
  }

 private:
  /// The layers of a chain follow each other; returns the last of them, or `from`.
  LayerId chain(std::string_view parent, LayerId from, BlockId block) {
    for (std::size_t i = 1; i < info_.layers.size(); ++i) {
      const std::string path = info_.layers[i].path;
      if (parent_of(path) != parent) continue;
      if (!parent.empty() && (path.ends_with(".proj") || path.ends_with(".gate"))) continue;
      const auto id = static_cast<LayerId>(i);
      info_.layers[i].block = block;
      if (info_.layers[i].family == LayerFamily::residual) {
        residual(id, from, block);
      } else {
        info_.layers[i].inputs = {{from}};
      }
      from = id;
    }
    return from;
  }

  void residual(LayerId id, LayerId x, BlockId parent) {
    const std::string path = info_.layer(id).path;
    info_.blocks.push_back({path, info_.layer(id).kind, parent});
    const auto block = static_cast<BlockId>(info_.blocks.size()) - 1;
    const LayerId branch = chain(path, x, block);
    LayerId shortcut = x;
    for (const char* name : {"proj", "gate"}) {
      const LayerId beside = id_of(info_, path + "." + name);
      if (beside < 0) continue;
      info_.layers[static_cast<std::size_t>(beside)].block = block;
      info_.layers[static_cast<std::size_t>(beside)].inputs = {{x}};
      if (name == std::string_view("proj")) shortcut = beside;
    }
    std::vector<Edge>& inputs = info_.layers[static_cast<std::size_t>(id)].inputs;
    inputs = {{branch, 0, Way::branch}, {shortcut, 0, Way::shortcut, true}};
    const LayerId gate = id_of(info_, path + ".gate");
    if (gate >= 0) inputs.push_back({gate, 0, Way::gate});
  }

  RunInfo& info_;
};

}  // namespace

void wire(RunInfo& info) { Wirer(info).wire(); }

LayerId id_of(const RunInfo& info, std::string_view path) {
  const auto it = std::find_if(info.layers.begin(), info.layers.end(),
                               [&](const LayerInfo& layer) { return layer.path == path; });
  return it == info.layers.end() ? kNoLayer : static_cast<LayerId>(it - info.layers.begin());
}

Site site_of(const RunInfo& info, std::string_view path, Role role) {
  const LayerId layer = id_of(info, path);
  if (!is_of_parameter(role)) return Site::layer(layer, role);
  return Site::param(info.find_param(layer, ParamUse::weight), role);
}

void put(const RunInfo& info, StepRecord& step, std::string_view path, Role role,
         const Sketch& sketch) {
  const Site site = site_of(info, path, role);
  for (SketchRecord& record : step.sketches) {
    if (record.site == site) {
      record.sketch = sketch;
      return;
    }
  }
  step.sketches.push_back({site, sketch});
}

void put_rms(const RunInfo& info, StepRecord& step, std::string_view path, Role role,
             double true_log2_rms) {
  put(info, step, path, role, sketch_with_rms(true_log2_rms));
}

void put_join(const RunInfo& info, StepRecord& step, std::string_view path, const Ways& ways) {
  const LayerId sum = id_of(info, path);
  const std::vector<Edge>& inputs = info.layer(sum).inputs;
  // Which layer of each way reads x: the one that has no other layer of the way in front of it.
  LayerId x = inputs[1].from;
  LayerId shortcut = sum;
  if (parent_of(info.layer(x).path) == path) {
    shortcut = x;
    x = info.layer(x).inputs.front().from;
  }
  LayerId branch = inputs[0].from;
  while (branch != x && info.layer(branch).inputs.back().from != x) {
    branch = info.layer(branch).inputs.back().from;
  }
  const double b = std::exp2(ways.branch), s = std::exp2(ways.shortcut);
  const double dot = b > 0 && s > 0 ? ways.cosine * b * s : 0;
  const double both = b * b + 2 * dot + s * s;
  double gate_share = 0;
  if (!std::isnan(ways.gate)) {
    const double g = std::exp2(2 * ways.sum), t = std::exp2(2 * ways.gate);
    gate_share = (g + t - both) / (2 * g);
  }
  JoinRecord join;
  join.layer = x;
  join.ways = {
      {branch == x ? sum : branch, 0, ways.branch, (1 - gate_share) * (b * b + dot) / both},
      {shortcut, shortcut == sum ? 1 : 0, ways.shortcut, (1 - gate_share) * (s * s + dot) / both}};
  if (!std::isnan(ways.gate)) {
    join.ways.push_back({id_of(info, std::string(path) + ".gate"), 0, ways.gate, gate_share});
  }
  step.joins.push_back(std::move(join));
}

std::optional<ActivationTraits> traits_of(const std::string& kind) {
  // Largest and both outer slopes, saturates, can die, odd, usual log2 f', critical gain: published
  // or closed forms, see plumb/core/activation_traits.h.
  const double sqrt2 = std::sqrt(2.0);
  if (kind == "relu")
    return ActivationTraits{1, 0, 1, false, true, false, -0.5, sqrt2, "He et al. 2015"};
  if (kind == "sigmoid") {
    return ActivationTraits{0.25, 0, 0, true, false, false, 0, 10.149, "mean field, chi_1 = 1"};
  }
  if (kind == "tanh") {
    return ActivationTraits{1, 0, 0, true, false, true, 0, 1, "mean field, chi_1 = 1"};
  }
  if (kind == "leaky_relu") {
    const double square = 0.5 * (1 + 0.01 * 0.01);
    return ActivationTraits{1,
                            0.01,
                            1,
                            false,
                            false,
                            false,
                            0.5 * std::log2(square),
                            1 / std::sqrt(square),
                            "He et al. 2015"};
  }
  if (kind == "selu") {
    return ActivationTraits{1.758, 0, 1.0507, false, false, false, 0, 1, "Klambauer et al. 2017"};
  }
  if (kind == "elu") {
    return ActivationTraits{1, 0, 1, false, false, false, 0, 1, "mean field, chi_1 = 1"};
  }
  if (kind == "gelu") {
    return ActivationTraits{
        1.129, 0, 1, false, false, false, -0.494, 1.408, "Roberts, Yaida and Hanin 2022"};
  }
  if (kind == "identity") return ActivationTraits{1, 1, 1, false, false, true, 0, 1, ""};
  return std::nullopt;
}

LayerInfo dense_info(const std::string& path, int depth, std::int64_t fan_in, std::int64_t units) {
  LayerInfo info;
  info.path = path;
  info.kind = "dense";
  info.family = LayerFamily::linear;
  info.text = "dense " + std::to_string(units);
  info.depth = depth;
  info.units = units;
  info.fan_in = fan_in;
  info.fan_out = units;
  return info;
}

LayerInfo activation_info(const std::string& path, const std::string& kind, int depth,
                          std::int64_t units) {
  LayerInfo info;
  info.path = path;
  info.kind = kind;
  info.family = LayerFamily::activation;
  info.text = kind;
  info.depth = depth;
  info.units = units;
  info.traits = traits_of(kind);
  if (info.traits) info.function = kind;
  return info;
}

LayerInfo residual_info(const std::string& path, int depth, std::int64_t units,
                        const std::string& kind) {
  LayerInfo info;
  info.path = path;
  info.kind = info.text = kind;
  info.family = LayerFamily::residual;
  info.depth = depth;
  info.units = units;
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
  wire(run.info);
  const double weight = -0.5 * std::log2(static_cast<double>(width));
  for (int s = 0; s < steps; ++s) {
    StepRecord step;
    step.step = s;
    step.measured = true;
    step.loss = 1;
    step.learning_rate = 0.1;
    step.grad_norm = 1;
    put_rms(run.info, step, "input", Role::a, 0);
    put_rms(run.info, step, "input", Role::grad_a, 0);
    for (std::size_t i = 1; i < run.info.layers.size(); ++i) {
      const LayerInfo& layer = run.info.layers[i];
      const auto id = static_cast<LayerId>(i);
      if (layer.family == LayerFamily::linear) {
        put_rms(run.info, step, layer.path, Role::z, 0);
        put_rms(run.info, step, layer.path, Role::grad_z, 0);
        put_rms(run.info, step, layer.path, Role::weight, weight);
        put_rms(run.info, step, layer.path, Role::grad_weight, weight - 4);
        put_rms(run.info, step, layer.path, Role::update, weight - 7);
        step.symmetries.push_back({run.info.find_param(id, ParamUse::weight), layer.units, 0});
      } else {
        put_rms(run.info, step, layer.path, Role::a, 0);
        put_rms(run.info, step, layer.path, Role::grad_a, 0);
        const double derivative = kind == "relu" ? -0.5 : 0.0;
        const double active = kind == "relu" ? 0.5 : 1.0;
        step.activations.push_back({id, derivative, 0, active, layer.units, 0, 1000});
      }
    }
    run.steps.push_back(std::move(step));
  }
  return run;
}

}  // namespace plumb::test
