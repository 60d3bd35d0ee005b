// SPDX-License-Identifier: Apache-2.0
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>

#include "plumb/core/version.h"
#include "plumb/diagnose/words/verdict.h"
#include "plumb/observe/check_run.h"
#include "plumb/stats/sketch.h"
#include "python/src/results.h"
#include "python/src/device_watch.h"
#include "python/src/watcher.h"

namespace plumb::python {

namespace nb = nanobind;

namespace {

LayerFamily family_of(const std::string& name) {
  const auto family = parse_layer_family(name);
  if (!family) throw nb::value_error(("no family of layers: " + name).c_str());
  return *family;
}

LayerId add_layer(Watcher& watcher, const std::string& path, const std::string& kind,
                  const std::string& family, const std::string& text, std::int64_t units,
                  std::int64_t fan_in, std::int64_t fan_out, BlockId block,
                  const std::string& function) {
  LayerInfo layer;
  layer.path = path;
  layer.kind = kind;
  layer.family = family_of(family);
  layer.text = text;
  layer.units = units;
  layer.fan_in = fan_in;
  layer.fan_out = fan_out;
  layer.block = block;
  layer.function = function;
  if (!function.empty() && layer.family == LayerFamily::activation) {
    layer.traits = DerivativeJudge(function).traits();
  }
  Session& session = watcher.session;
  if (session.in_step()) layer.first_step = session.record().step;
  session.draft().layers.push_back(std::move(layer));
  session.touch();
  return static_cast<LayerId>(session.draft().layers.size() - 1);
}

void set_inputs(Watcher& watcher, LayerId id,
                const std::vector<std::tuple<LayerId, std::string, bool>>& edges) {
  std::vector<Edge> inputs;
  for (const auto& [from, way, main] : edges) {
    inputs.push_back({from, 0, parse_way(way).value_or(Way::unnamed), main});
  }
  LayerInfo& layer = watcher.session.draft().layers.at(static_cast<std::size_t>(id));
  if (layer.inputs == inputs) return;
  layer.inputs = std::move(inputs);
  watcher.session.touch();
}

ParamId add_param(Watcher& watcher, const std::string& path, const std::string& name,
                  const std::string& use, const std::vector<LayerId>& users, std::int64_t count,
                  bool frozen, std::int32_t shard, std::int32_t shards) {
  ParamInfo param;
  param.path = path;
  param.name = name;
  param.use = parse_param_use(use).value_or(ParamUse::other);
  param.users = users;
  param.count = count;
  param.frozen = frozen;
  param.shard = shard;
  param.shards = shards;
  param.reverse = name.ends_with("_reverse");
  Session& session = watcher.session;
  if (session.in_step()) param.first_step = session.record().step;
  session.draft().params.push_back(std::move(param));
  session.touch();
  return static_cast<ParamId>(session.draft().params.size() - 1);
}

/// Where a tensor of torch.int64 without gaps has them.
std::span<const std::int64_t> labels_at(std::uintptr_t address, std::size_t count) {
  return {std::bit_cast<const std::int64_t*>(address), count};
}

/// How often each label came.
class LabelCounts {
 public:
  /// Errors: nb::value_error for a negative label that is not the one to be ignored.
  void add(std::span<const std::int64_t> labels, std::int64_t ignored) {
    for (const std::int64_t label : labels) {
      if (label == ignored) continue;
      if (label < 0) throw nb::value_error("a label is negative");
      const auto at = static_cast<std::size_t>(label);
      if (at >= counts_.size()) counts_.resize(at + 1);
      ++counts_[at];
    }
  }
  const std::vector<std::int64_t>& counts() const { return counts_; }

 private:
  std::vector<std::int64_t> counts_;
};

}  // namespace

void bind_watcher(nb::module_& module) {
  nb::enum_<Layout>(module, "Layout")
      .value("rows", Layout::rows)
      .value("channels_first", Layout::channels_first)
      .value("time_rows", Layout::time_rows)
      .value("time_first", Layout::time_first)
      .value("place_first", Layout::place_first);
  module.def("set_types", [](nb::object tensor, nb::object f16, nb::object bf16, nb::object f32,
                             nb::object f64) {
    TensorReader::set_types(tensor.ptr(), f16.ptr(), bf16.ptr(), f32.ptr(), f64.ptr());
  });
  module.def("is_readable",
             [](nb::handle tensor) { return TensorReader::read(tensor.ptr()).has_value(); });

  module.def("gradients_are_finite", [](const std::vector<nb::object>& params) {
    return std::ranges::all_of(params, [](const nb::object& param) {
      const nb::object gradient = param.attr("grad");
      if (gradient.is_none()) return true;
      const auto view = TensorReader::read(gradient.ptr());
      return !view || sketch(*view).nonfinite_count == 0;
    });
  });

  module.def("are_same", [](nb::list some, nb::list others) {
    const Py_ssize_t count = PyList_Size(some.ptr());
    if (count != PyList_Size(others.ptr())) return false;
    for (Py_ssize_t i = 0; i < count; ++i) {
      if (PyList_GetItem(some.ptr(), i) != PyList_GetItem(others.ptr(), i)) return false;
    }
    return true;
  });

  nb::class_<ParamEntries>(module, "ParamEntries")
      .def("__init__", [](ParamEntries* self, nb::list of) {
        new (self) ParamEntries();
        for (nb::handle one : of) {
          auto [id, tensor, axis] = nb::cast<std::tuple<ParamId, nb::object, int>>(one);
          self->all.push_back({id, std::move(tensor), axis});
        }
      });
  nb::class_<LabelCounts>(module, "LabelCounts")
      .def(nb::init<>())
      .def("add", [](LabelCounts& self, std::uintptr_t address, std::size_t count,
                     std::int64_t ignored) { self.add(labels_at(address, count), ignored); })
      .def_prop_ro("counts", [](const LabelCounts& self) { return self.counts(); });

  nb::class_<Watcher> type(module, "Watcher");
  bind_device_watch(module, type);
  type.def(
          "__init__",
          [](Watcher* self, const std::string& path, const std::string& record, std::int64_t start,
             std::int64_t planned_steps) {
            new (self) Watcher({path, record, start, planned_steps});
          },
          nb::arg("path"), nb::arg("record") = "log", nb::arg("start") = 0,
          nb::arg("planned_steps") = 0)
      .def_rw("recording", &Watcher::recording)
      .def_rw("in_forward", &Watcher::in_forward)
      .def_rw("in_backward", &Watcher::in_backward)
      .def_rw("learning", &Watcher::learning)
      .def_ro("failed", &Watcher::failed)
      .def_rw("pass_", &Watcher::pass)
      .def_rw("flow_log2_scale", &Watcher::flow_log2_scale)
      .def_rw("is_timed", &Watcher::is_timed)
      .def_rw("own_s", &Watcher::own_s)
      .def_prop_rw(
          "learn", [](Watcher& w) { return w.learn; },
          [](Watcher& w, nb::object learn) { w.learn = std::move(learn); },
          nb::for_setter(nb::arg().none()))
      .def_prop_rw(
          "on_fail", [](Watcher& w) { return w.on_fail; },
          [](Watcher& w, nb::object on_fail) { w.on_fail = std::move(on_fail); },
          nb::for_setter(nb::arg().none()))
      // The graph.
      .def("add_layer", &add_layer, nb::arg("path"), nb::arg("kind"), nb::arg("family"),
           nb::arg("text") = "", nb::arg("units") = 0, nb::arg("fan_in") = 0,
           nb::arg("fan_out") = 0, nb::arg("block") = kNoBlock, nb::arg("function") = "")
      .def("set_inputs", &set_inputs)
      .def("set_units",
           [](Watcher& w, LayerId id, std::int64_t units, std::int64_t fan_out) {
             LayerInfo& layer = w.session.draft().layers.at(static_cast<std::size_t>(id));
             layer.units = units;
             if (fan_out > 0) layer.fan_out = fan_out;
             w.session.touch();
           })
      .def("set_depth",
           [](Watcher& w, LayerId id, int depth) {
             w.session.draft().layers.at(static_cast<std::size_t>(id)).depth = depth;
           })
      .def("set_running_momentum",
           [](Watcher& w, LayerId id, double momentum) {
             w.session.draft().layers.at(static_cast<std::size_t>(id)).running_momentum = momentum;
             w.session.touch();
           })
      .def("set_family",
           [](Watcher& w, LayerId id, const std::string& family, const std::string& kind) {
             LayerInfo& layer = w.session.draft().layers.at(static_cast<std::size_t>(id));
             layer.family = family_of(family);
             layer.kind = kind;
             w.session.touch();
           })
      .def("set_outputs",
           [](Watcher& w, std::vector<LayerId> outputs) {
             w.session.draft().outputs = std::move(outputs);
             w.session.touch();
           })
      .def("add_block",
           [](Watcher& w, const std::string& path, const std::string& kind, BlockId parent) {
             w.session.draft().blocks.push_back({path, kind, parent});
             w.session.touch();
             return static_cast<BlockId>(w.session.draft().blocks.size() - 1);
           })
      .def("add_param", &add_param, nb::arg("path"), nb::arg("name"), nb::arg("use"),
           nb::arg("users"), nb::arg("count"), nb::arg("frozen"), nb::arg("shard") = 0,
           nb::arg("shards") = 1)
      .def("set_users",
           [](Watcher& w, ParamId id, std::vector<LayerId> users) {
             w.session.draft().params.at(static_cast<std::size_t>(id)).users = std::move(users);
             w.session.touch();
           })
      .def("set_cell",
           [](Watcher& w, LayerId id, const std::string& state_activation) {
             CellFacts facts;
             facts.state_activation = state_activation;
             w.session.draft().layers.at(static_cast<std::size_t>(id)).cell = facts;
             w.session.touch();
           })
      .def("set_info",
           [](Watcher& w, nb::dict facts) {
             RunInfo& info = w.session.draft();
             const auto text = [&](const char* key, std::string& to) {
               if (facts.contains(key)) to = nb::cast<std::string>(facts[key]);
             };
             text("kind", info.kind);
             text("network", info.network);
             text("data", info.data);
             text("loss", info.loss);
             text("optimiser", info.optimiser);
             text("precision", info.precision);
             text("machine", info.machine);
             text("started_at", info.started_at);
             if (facts.contains("batch")) info.batch = nb::cast<std::int64_t>(facts["batch"]);
             if (facts.contains("classes")) info.classes = nb::cast<std::int64_t>(facts["classes"]);
             if (facts.contains("threads")) info.threads = nb::cast<int>(facts["threads"]);
             if (facts.contains("seed")) info.seed = nb::cast<std::uint64_t>(facts["seed"]);
             if (facts.contains("settings")) {
               info.settings =
                   nb::cast<std::vector<std::pair<std::string, std::string>>>(facts["settings"]);
             }
             info.plumb_version = kVersion;
             w.session.touch();
           })
      .def("set_setting",
           [](Watcher& w, const std::string& name, const std::string& value) {
             auto& settings = w.session.draft().settings;
             const auto known = std::ranges::find(settings, name, &std::pair<std::string, std::string>::first);
             if (known != settings.end()) {
               known->second = value;
             } else {
               settings.emplace_back(name, value);
             }
             w.session.touch();
           })
      .def("set_data",
           [](Watcher& w, const std::vector<std::vector<double>>& columns) {
             auto& data = w.session.draft().data_info;
             if (!data) data.emplace();
             data->inputs.clear();
             for (const std::vector<double>& one : columns) {
               data->inputs.push_back({.name = {},
                                       .mean = one.at(0),
                                       .deviation = one.at(1),
                                       .smallest = one.at(2),
                                       .largest = one.at(3)});
             }
             w.session.touch();
           })
      .def("set_class_sizes",
           [](Watcher& w, std::vector<std::int64_t> sizes) {
             auto& data = w.session.draft().data_info;
             if (!data) data.emplace();
             data->class_sizes = std::move(sizes);
             w.session.touch();
           })
      .def("add_labels",
           [](Watcher& w, std::uintptr_t address, std::size_t count, bool is_answer) {
             const auto labels = labels_at(address, count);
             const std::vector<std::int32_t> narrow(labels.begin(), labels.end());
             if (w.targets.add_labels(narrow, is_answer, w.session.draft())) w.session.touch();
           })
      .def("add_labels",
           [](Watcher& w, const std::vector<std::int32_t>& labels, bool is_answer) {
             if (w.targets.add_labels(labels, is_answer, w.session.draft())) w.session.touch();
           })
      .def("add_values",
           [](Watcher& w, const std::vector<float>& rows, std::size_t columns, bool is_answer) {
             if (w.targets.add_values(rows, columns, is_answer, w.session.draft())) {
               w.session.touch();
             }
           })
      .def("set_baseline",
           [](Watcher& w, double loss, double loss_deviation, double accuracy) {
             w.session.draft().baseline = Baseline{loss, loss_deviation, accuracy};
             w.session.touch();
           })
      .def("set_optimiser",
           [](Watcher& w, nb::dict facts) {
             OptimiserInfo info;
             const auto number = [&](const char* key, double& to) {
               if (facts.contains(key)) to = nb::cast<double>(facts[key]);
             };
             info.kind = nb::cast<std::string>(facts["kind"]);
             number("momentum", info.momentum);
             number("beta2", info.beta2);
             number("eps", info.eps);
             number("weight_decay", info.weight_decay);
             number("learning_rate", info.learning_rate);
             info.nesterov = facts.contains("nesterov") && nb::cast<bool>(facts["nesterov"]);
             info.is_decay_decoupled =
                 facts.contains("decoupled") && nb::cast<bool>(facts["decoupled"]);
             w.session.draft().optimiser = info.kind;
             w.session.draft().optimiser_info = info;
             w.session.touch();
           })
      .def("problems", [](Watcher& w) { return check_run(w.session.run()); })
      // The steps.
      .def("is_due", [](Watcher& w, std::int64_t step) { return w.session.is_due(step); })
      .def(
          "begin_step",
          [](Watcher& w, std::int64_t step, std::optional<bool> measure) {
            return w.recording = w.session.begin_step(step, measure);
          },
          nb::arg("step"), nb::arg("measure") = nb::none())
      .def("next_pass", [](Watcher& w) { w.session.recorder().next_pass(); })
      .def("end_step",
           [](Watcher& w) {
             w.recording = false;
             w.session.end_step();
           })
      .def("drop_step",
           [](Watcher& w) {
             w.recording = false;
             w.session.drop_step();
           })
      .def_prop_ro("in_step", [](Watcher& w) { return w.session.in_step(); })
      .def_prop_ro("steps", [](Watcher& w) { return w.session.steps(); })
      .def("set_metrics",
           [](Watcher& w, nb::dict metrics) {
             StepRecord& record = w.session.record();
             for (auto [key, value] : metrics) {
               const auto name = nb::cast<std::string>(key);
               if (name == "loss")
                 record.loss = nb::cast<double>(value);
               else if (name == "accuracy")
                 record.accuracy = nb::cast<double>(value);
               else if (name == "learning_rate")
                 record.learning_rate = nb::cast<double>(value);
               else if (name == "epoch")
                 record.epoch = nb::cast<std::int64_t>(value);
               else if (name == "grad_norm")
                 record.grad_norm = nb::cast<double>(value);
               else if (name == "clip_factor")
                 record.clip_factor = nb::cast<double>(value);
               else if (name == "validation_loss")
                 record.validation_loss = nb::cast<double>(value);
               else if (name == "validation_accuracy")
                 record.validation_accuracy = nb::cast<double>(value);
               else if (name == "skipped")
                 record.skipped = nb::cast<bool>(value);
               else
                 throw nb::type_error(("log() takes no " + name).c_str());
             }
           })
      .def("output",
           [](Watcher& w, LayerId layer, nb::handle tensor, Layout layout) {
             const auto view = w.read(tensor.ptr(), layout);
             if (view) {
               w.session.recorder().output(layer, *view);
             } else if (w.has_device()) {
               return nb::cast<bool>(w.device.attr("output")(layer, tensor, layout));
             }
             return view.has_value();
           })
      .def("derivative",
           [](Watcher& w, LayerId layer, nb::handle slopes, Layout layout) {
             const auto view = TensorReader::read(slopes.ptr(), layout);
             if (view) w.session.recorder().derivative(layer, *view);
             return view.has_value();
           })
      .def("time_step",
           [](Watcher& w, LayerId layer, std::int64_t t, bool reverse, const std::string& quantity,
              nb::handle tensor, double log2_scale) {
             const auto what = parse_time_quantity(quantity);
             const auto view = TensorReader::read(tensor.ptr(), Layout::rows, log2_scale);
             if (what && view) w.session.recorder().time_step(layer, t, reverse, *what, *view);
           })
      .def("block_use",
           [](Watcher& w, BlockId block, std::int64_t tokens, std::int64_t calls) {
             w.session.recorder().block_use(block, tokens, calls);
           })
      .def("before_update", &Watcher::before_update)
      .def("after_update", &Watcher::after_update, nb::arg("entries"),
           nb::arg("replays") = nb::none())
      .def("end",
           [](Watcher& w, const std::string& reason) {
             w.recording = false;
             w.session.end(reason);
           })
      .def_prop_ro("path", [](Watcher& w) { return w.session.path(); })
      .def_prop_ro("writing_s", [](Watcher& w) { return w.session.writing_s(); })
      .def_prop_ro("error", [](Watcher& w) { return w.session.error(); })
      // What it means.
      .def("findings", [](Watcher& w) { return findings_json(w.session.run()); })
      .def("verdict", [](Watcher& w) { return verdict(w.session.diagnosis()); })
      .def("outcome",
           [](Watcher& w) { return std::string(to_string(w.session.diagnosis().outcome())); })
      .def("table", [](Watcher& w, int width, bool unicode) {
        TerminalOptions options;
        options.width = width;
        options.unicode = unicode;
        return w.session.table(options);
      });
}

}  // namespace plumb::python
