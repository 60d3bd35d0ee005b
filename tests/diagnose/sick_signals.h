// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/diagnose/rule_test.h"
#include "tests/support/run_builder.h"

namespace plumb::test {

inline void make_family(plumb::Run& run, const std::string& path, LayerFamily family) {
  LayerInfo& layer = run.info.layers[static_cast<std::size_t>(id_of(run.info, path))];
  layer.family = family;
  layer.traits.reset();
  layer.function.clear();
}

/// Adds a parameter to the layer, with these values in every step.
inline void add_param(plumb::Run& run, const std::string& path, ParamUse use, double value) {
  const auto id = static_cast<ParamId>(run.info.params.size());
  const LayerId layer = id_of(run.info, path);
  ParamInfo& param = run.info.params.emplace_back();
  param.path = path + (use == ParamUse::scale ? ".weight" : ".bias");
  param.use = use;
  param.users = {layer};
  param.count = run.info.layer(layer).units;
  const double values[] = {value, value};
  for (StepRecord& step : run.steps) {
    step.sketches.push_back({Site::param(id, Role::weight), sketch_of(values)});
  }
}

/// The data, the signal and the output of a small net, each spoilt once.
inline std::vector<std::pair<std::string, plumb::Run>> sick_signals() {
  std::vector<std::pair<std::string, plumb::Run>> runs;
  const auto add = [&](const std::string& name, plumb::Run run, const auto& change) {
    change(run);
    runs.emplace_back(name, std::move(run));
  };
  const std::vector<std::int64_t> four{10, 10, 10, 10};
  const auto classes = [&](plumb::Run& run, std::vector<ColumnInfo> columns, double first_loss) {
    run.info.loss = "cross_entropy";
    run.info.classes = 4;
    run.info.data_info = data_of(40, std::move(columns), {}, four);
    for (StepRecord& step : run.steps) step.loss = first_loss;
  };
  add("a column out of scale", flat_run(3, 16, "relu", 3), [&](plumb::Run& run) {
    classes(run, {{"ratio", 0.5, 0.3, 0, 1}, {"amount", 800, 290, 300, 1300}}, 92.4);
  });
  add("bytes", flat_run(3, 16, "relu", 3), [&](plumb::Run& run) {
    classes(run, std::vector<ColumnInfo>(20, {"", 127, 60, 0, 255}), 60);
  });
  add("tiny inputs", flat_run(3, 16, "relu", 3), [&](plumb::Run& run) {
    classes(run, std::vector<ColumnInfo>(20, {"", 0, 1e-3, -1, 1}), 1.4);
  });
  add("equal samples", flat_run(3, 16, "relu", 3), [&](plumb::Run& run) {
    classes(run, std::vector<ColumnInfo>(3, {"", 1, 0, 1, 1}), 1.4);
  });
  add("a dead column", flat_run(3, 16, "relu", 3), [&](plumb::Run& run) {
    classes(run, {{"a", 0, 1, -2, 2}, {"site", 1, 0, 1, 1}}, 1.4);
  });
  add("one class", flat_run(3, 16, "relu", 3), [&](plumb::Run& run) {
    run.info.data_info = data_of(300, {}, {}, {0, 300});
  });
  add("equal targets", flat_run(3, 16, "relu", 3), [&](plumb::Run& run) {
    run.info.data_info = data_of(300, {}, {{"y", 0.25, 0, 0.25, 0.25}}, {});
  });
  add("far targets", flat_run(3, 16, "relu", 3), [&](plumb::Run& run) {
    run.info.loss = "mse";
    run.info.data_info = data_of(40, {}, {{"y", 2e4, 5e3, 0, 4e4}});
  });
  add("tiny targets", flat_run(3, 16, "relu", 3), [&](plumb::Run& run) {
    run.info.loss = "mse";
    run.info.data_info = data_of(40, {}, {{"y", 0, 1e-3, -1, 1}});
  });
  add("large outputs", flat_run(3, 16, "relu", 3), [&](plumb::Run& run) {
    classes(run, {}, 60);
    for (StepRecord& step : run.steps) {
      put_rms(run.info, step, "4", Role::z, 6);
      put_rms(run.info, step, "4", Role::weight, 2);
    }
  });
  add("a bias at the output", flat_run(3, 16, "relu", 3), [&](plumb::Run& run) {
    classes(run, {}, 60);
    add_param(run, "4", ParamUse::bias, 64);
    for (StepRecord& step : run.steps) put_rms(run.info, step, "4", Role::z, 6);
  });
  const auto end_in = [&](plumb::Run& run, const std::string& kind) {
    LayerInfo last = activation_info("5", kind, 3, 16);
    last.inputs = {{id_of(run.info, "4")}};
    run.info.layers.push_back(last);
  };
  add("a sigmoid before logits", flat_run(3, 16, "relu", 3), [&](plumb::Run& run) {
    classes(run, {}, 1.4);
    end_in(run, "sigmoid");
  });
  add("a relu before logits", flat_run(3, 16, "relu", 3), [&](plumb::Run& run) {
    classes(run, {}, 1.4);
    end_in(run, "relu");
  });
  add("targets beyond a tanh", flat_run(3, 16, "relu", 3), [&](plumb::Run& run) {
    run.info.loss = "mse";
    run.info.data_info = data_of(40, {}, {{"y", 0, 2, -6, 6}});
    end_in(run, "tanh");
  });
  add("three outputs for four classes", flat_run(3, 3, "relu", 3),
      [&](plumb::Run& run) { classes(run, {}, 1.4); });
  add("no activation", flat_run(4, 16, "identity", 3), [](plumb::Run&) {});
  add("bn over two samples", flat_run(3, 16, "relu", 3), [](plumb::Run& run) {
    make_family(run, "1", LayerFamily::normalisation);
    run.info.layers[static_cast<std::size_t>(id_of(run.info, "1"))].running_momentum = 0.1;
    run.info.batch = 2;
    add_param(run, "1", ParamUse::scale, 1);
    for (StepRecord& step : run.steps) {
      put(run.info, step, "1", Role::a, sketch_with_rms(0, 32));
    }
  });
  add("ln over two features", flat_run(3, 2, "relu", 3),
      [](plumb::Run& run) { make_family(run, "1", LayerFamily::normalisation); });
  for (const auto& [name, units, kept] :
       {std::tuple{"dropout of nearly all", 64, 50}, {"dropout of a narrow layer", 4, 500}}) {
    add(name, flat_run(3, units, "relu", 3), [kept = kept](plumb::Run& run) {
      make_family(run, "1", LayerFamily::dropout);
      for (StepRecord& step : run.steps) {
        Sketch sketch = sketch_with_rms(0, 2000);
        sketch.zero_count = 1000;
        put(run.info, step, "0", Role::z, sketch);
        sketch.zero_count = static_cast<std::uint64_t>(2000 - kept);
        put(run.info, step, "1", Role::a, sketch);
      }
    });
  }
  add("biases that close a gelu", flat_run(4, 16, "gelu", 3), [](plumb::Run& run) {
    add_param(run, "2", ParamUse::bias, -6);
    const double z[] = {-7, -5};
    for (StepRecord& step : run.steps) {
      put(run.info, step, "2", Role::z, sketch_of(z));
      step.activations[1].log2_rms_derivative = -20;
    }
  });
  add("a shift that closes a relu", flat_run(4, 16, "relu", 3), [](plumb::Run& run) {
    make_family(run, "1", LayerFamily::normalisation);
    make_family(run, "2", LayerFamily::activation);
    LayerInfo& relu = run.info.layers[static_cast<std::size_t>(id_of(run.info, "2"))];
    relu.traits = traits_of("relu");
    relu.units = 16;
    add_param(run, "1", ParamUse::shift, -4);
    const double z[] = {-5, -3};
    for (StepRecord& step : run.steps) {
      put(run.info, step, "1", Role::a, sketch_of(z));
      put_rms(run.info, step, "2", Role::a, 0);
      step.activations.push_back({id_of(run.info, "2"), -6, 0, 0.001, 16, 0, 1000});
    }
  });
  add("a scale next to zero", flat_run(4, 16, "relu", 3), [](plumb::Run& run) {
    make_family(run, "1", LayerFamily::normalisation);
    add_param(run, "1", ParamUse::scale, 0.01);
  });
  add("samples that look alike", flat_run(31, 16, "relu", 4), [](plumb::Run& run) {
    const LayerId hidden = id_of(run.info, "59");
    for (StepRecord& step : run.steps) {
      step.signals.push_back({0, 32, 0.02, 12});
      step.signals.push_back({hidden, 32, 0.9748, 2});
    }
  });
  add("a weight of rank one", flat_run(5, 16, "tanh", 3), [](plumb::Run& run) {
    for (const char* path : {"0", "1", "2"}) {
      const double directions = path[0] == '2' ? 1.01 : 9;
      run.steps[0].signals.push_back({id_of(run.info, path), 32, 0, directions});
    }
  });
  return runs;
}

}  // namespace plumb::test
