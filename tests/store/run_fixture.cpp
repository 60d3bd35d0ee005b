// SPDX-License-Identifier: Apache-2.0
#include "tests/store/run_fixture.h"

#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <csignal>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <variant>

#include "plumb/core/error.h"
#include "plumb/store/run_file.h"

namespace plumb {

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kMostInteger = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

/// Writes "name value" lines.
class Lines {
 public:
  void operator()(const std::string& name, double value) {
    if (std::isnan(value)) {
      out_ << name << " nan\n";
    } else {
      out_ << name << ' ' << std::hex << std::bit_cast<std::uint64_t>(value) << std::dec << " ("
           << value << ")\n";
    }
  }
  void operator()(const std::string& name, const std::string& value) {
    out_ << name << ' ' << value.size() << ' ' << value << '\n';
  }
  void operator()(const std::string& name, std::int64_t value) {
    out_ << name << ' ' << value << '\n';
  }
  void operator()(const std::string& name, std::uint64_t value) {
    out_ << name << ' ' << value << '\n';
  }
  void operator()(const std::string& name, int value) { out_ << name << ' ' << value << '\n'; }
  void operator()(const std::string& name, bool value) { (*this)(name, value ? 1 : 0); }
  void operator()(const std::string& name, const std::optional<bool>& value) {
    (*this)(name, value ? int{*value} : -1);
  }
  void operator()(const std::string& name, const std::optional<double>& value) {
    if (value) {
      (*this)(name, *value);
    } else {
      out_ << name << " none\n";
    }
  }
  std::string str() const { return out_.str(); }

 private:
  std::ostringstream out_;
};

void add(Lines& line, const LayerInfo& layer) {
  line("layer.path", layer.path);
  line("layer.kind", layer.kind);
  line("layer.family", std::string(to_string(layer.family)));
  line("layer.text", layer.text);
  line("layer.block", layer.block);
  for (const Edge& edge : layer.inputs) {
    line("edge.from", edge.from);
    line("edge.output", edge.output);
    line("edge.way", std::string(to_string(edge.way)));
    line("edge.main", edge.main);
  }
  line("layer.depth", layer.depth);
  line("layer.units", layer.units);
  line("layer.fan_in", layer.fan_in);
  line("layer.fan_out", layer.fan_out);
  line("layer.function", layer.function);
  line("layer.first_step", layer.first_step);
  line("layer.running_momentum", layer.running_momentum);
  if (const auto& traits = layer.traits) {
    line("traits.max_derivative", traits->max_derivative);
    line("traits.low_slope", traits->low_slope);
    line("traits.high_slope", traits->high_slope);
    line("traits.saturates", traits->saturates);
    line("traits.can_die", traits->can_die);
    line("traits.odd", traits->odd);
    line("traits.usual_log2_derivative", traits->usual_log2_derivative);
    line("traits.critical_gain", traits->critical_gain);
    line("traits.gain_source", traits->gain_source);
  }
  if (const auto& cell = layer.cell) {
    line("cell.state_activation", cell->state_activation);
    line("cell.truncated_steps", cell->truncated_steps);
    line("cell.orthogonal_start", cell->orthogonal_start);
    line("cell.identity_start", cell->identity_start);
    line("cell.gain", cell->gain);
    line("cell.forget_bias", cell->forget_bias);
    line("cell.memory_steps", cell->memory_steps);
  }
}

void add(Lines& line, const RunInfo& info) {
  line("kind", info.kind);
  line("network", info.network);
  line("data", info.data);
  line("loss", info.loss);
  line("optimiser", info.optimiser);
  line("precision", info.precision);
  line("seed", info.seed);
  line("batch", info.batch);
  line("classes", info.classes);
  line("planned_steps", info.planned_steps);
  line("threads", info.threads);
  line("plumb_version", info.plumb_version);
  line("machine", info.machine);
  line("started_at", info.started_at);
  for (const auto& [key, value] : info.settings) {
    line("setting.key", key);
    line("setting.value", value);
  }
  if (const auto& data = info.data_info) {
    line("data.samples", data->samples);
    line("data.validation_samples", data->validation_samples);
    for (const auto* columns : {&data->inputs, &data->targets}) {
      line("data.columns", static_cast<std::int64_t>(columns->size()));
      for (const ColumnInfo& column : *columns) {
        line("column.name", column.name);
        line("column.mean", column.mean);
        line("column.deviation", column.deviation);
        line("column.smallest", column.smallest);
        line("column.largest", column.largest);
      }
    }
    for (const std::int64_t size : data->class_sizes) line("data.class_size", size);
    line("data.between_batches", data->between_batches);
  }
  if (const auto& baseline = info.baseline) {
    line("baseline.loss", baseline->loss);
    line("baseline.loss_deviation", baseline->loss_deviation);
    line("baseline.accuracy", baseline->accuracy);
  }
  if (const auto& optimiser = info.optimiser_info) {
    line("optimiser.kind", optimiser->kind);
    line("optimiser.momentum", optimiser->momentum);
    line("optimiser.nesterov", optimiser->nesterov);
    line("optimiser.beta2", optimiser->beta2);
    line("optimiser.eps", optimiser->eps);
    line("optimiser.weight_decay", optimiser->weight_decay);
    line("optimiser.is_decay_decoupled", optimiser->is_decay_decoupled);
    line("optimiser.clip_norm", optimiser->clip_norm);
    line("optimiser.clip_value", optimiser->clip_value);
    line("optimiser.learning_rate", optimiser->learning_rate);
    line("optimiser.schedule", optimiser->schedule);
    line("optimiser.warmup_steps", optimiser->warmup_steps);
  }
  for (const LayerInfo& layer : info.layers) add(line, layer);
  for (const BlockInfo& block : info.blocks) {
    line("block.path", block.path);
    line("block.kind", block.kind);
    line("block.parent", block.parent);
  }
  for (const ParamInfo& param : info.params) {
    line("param.path", param.path);
    line("param.name", param.name);
    line("param.use", std::string(to_string(param.use)));
    line("param.reverse", param.reverse);
    for (const LayerId user : param.users) line("param.user", user);
    line("param.count", param.count);
    line("param.frozen", param.frozen);
    line("param.shard", param.shard);
    line("param.shards", param.shards);
    line("param.first_step", param.first_step);
  }
  for (const LayerId output : info.outputs) line("output", output);
}

void add(Lines& line, const SketchRecord& record) {
  const Sketch& sketch = record.sketch;
  line("sketch.id", record.site.id);
  line("sketch.role", std::string(to_string(record.site.role)));
  line("sketch.output", record.site.output);
  line("sketch.count", sketch.count);
  line("sketch.nonfinite_count", sketch.nonfinite_count);
  line("sketch.zero_count", sketch.zero_count);
  line("sketch.mean", sketch.mean);
  line("sketch.m2", sketch.m2);
  line("sketch.abs_max", sketch.abs_max);
  line("sketch.log2_scale", static_cast<double>(sketch.log2_scale));
  for (std::size_t k = 0; k < sketch.histogram.size(); ++k) {
    if (sketch.histogram[k] != 0) line("sketch.bin" + std::to_string(k), sketch.histogram[k]);
  }
  for (const FormatLoss& loss : sketch.format_loss) {
    line("sketch.flushed", loss.flushed);
    line("sketch.subnormal", loss.subnormal);
    line("sketch.overflowed", loss.overflowed);
  }
}

void add(Lines& line, const StepRecord& step) {
  line("step", step.step);
  line("epoch", step.epoch);
  line("time_s", step.time_s);
  line("loss", step.loss);
  line("accuracy", step.accuracy);
  line("learning_rate", step.learning_rate);
  line("grad_norm", step.grad_norm);
  line("clip_factor", step.clip_factor);
  line("weight_decay_norm", step.weight_decay_norm);
  line("validation_loss", step.validation_loss);
  line("validation_accuracy", step.validation_accuracy);
  line("inference_loss", step.inference_loss);
  line("inference_accuracy", step.inference_accuracy);
  line("passes", step.passes);
  line("skipped", step.skipped);
  line("measured", step.measured);
  for (const SketchRecord& record : step.sketches) add(line, record);
  for (const ActivationRecord& record : step.activations) {
    line("activation.layer", record.layer);
    line("activation.log2_rms_derivative", record.log2_rms_derivative);
    line("activation.saturated_fraction", record.saturated_fraction);
    line("activation.active_fraction", record.active_fraction);
    line("activation.units", record.units);
    line("activation.dead_units", record.dead_units);
    line("activation.window_samples", record.window_samples);
  }
  for (const JoinRecord& record : step.joins) {
    line("join.layer", record.layer);
    line("join.output", record.output);
    line("join.through", record.through);
    line("join.log2_rms", record.log2_rms);
    for (const JoinWay& way : record.ways) {
      line("way.reader", way.reader);
      line("way.input", way.input);
      line("way.log2_rms", way.log2_rms);
      line("way.share", way.share);
    }
  }
  for (const SignalRecord& record : step.signals) {
    line("signal.layer", record.layer);
    line("signal.samples", record.samples);
    line("signal.similarity", record.similarity);
    line("signal.directions", record.directions);
  }
  for (const SymmetryRecord& record : step.symmetries) {
    line("symmetry.param", record.param);
    line("symmetry.units", record.units);
    line("symmetry.duplicate_units", record.duplicate_units);
  }
  for (const TimeRecord& record : step.times) {
    line("time.layer", record.layer);
    line("time.reverse", record.reverse);
    line("time.time_steps", record.time_steps);
    line("time.units", record.units);
    for (const TimeSeries& series : record.series) {
      line("time.quantity", std::string(to_string(series.quantity)));
      line("time.statistic", std::string(to_string(series.statistic)));
      for (const float value : series.values) line("time.value", static_cast<double>(value));
    }
  }
  for (const InnerRecord& record : step.inner) {
    line("inner.layer", record.layer);
    line("inner.output", record.output);
    line("inner.name", record.name);
    line("inner.axis", std::string(to_string(record.axis)));
    for (const float value : record.values) line("inner.value", static_cast<double>(value));
  }
  for (const BlockUse& use : step.blocks) {
    line("use.block", use.block);
    line("use.calls", use.calls);
    line("use.tokens", use.tokens);
  }
}

void add(Lines& line, const std::string& name, const Place& place) {
  line(name + ".of", std::string(to_string(place.of)));
  line(name + ".id", place.id);
  line(name + ".role", place.role ? std::string(to_string(*place.role)) : "none");
  line(name + ".reverse", place.reverse);
}

void add(Lines& line, const std::string& name, const Fact& fact) {
  line(name + ".quantity", std::string(to_string(fact.quantity)));
  line(name + ".value", fact.value);
  add(line, name + ".place", fact.place);
  add(line, name + ".reference", fact.reference);
}

void add(Lines& line, const Finding& finding) {
  line("finding.id", finding.id);
  line("finding.rule", finding.rule);
  line("finding.severity", std::string(to_string(finding.severity)));
  add(line, "finding.place", finding.place);
  line("finding.first_step", finding.first_step);
  line("finding.last_step", finding.last_step);
  line("finding.over", finding.over);
  for (const Evidence& evidence : finding.evidence) {
    add(line, "evidence", evidence.fact);
    line("evidence.threshold", evidence.threshold);
  }
  for (const Fact& fact : finding.facts) add(line, "fact", fact);
  line("cause.kind", std::string(to_string(finding.cause.kind)));
  add(line, "cause.place", finding.cause.place);
  line("cause.share", finding.cause.share);
  for (const Fact& fact : finding.cause.facts) add(line, "cause.fact", fact);
  line("finding.explained_by", finding.explained_by.value_or(-1));
  line("finding.did_harm", finding.did_harm);
  for (const Remedy& remedy : finding.remedies) {
    line("remedy.kind", std::string(to_string(remedy.kind)));
    add(line, "remedy.target", remedy.target);
    for (const auto& [name, value] : remedy.arguments) {
      line("argument.name", name);
      std::visit([&](const auto& one) { line("argument.value", one); }, value);
    }
    line("remedy.predicted_log2_reach", remedy.predicted_log2_reach);
  }
}

}  // namespace

ScratchFolder::ScratchFolder() {
  const bool has_memory = ::access("/dev/shm", W_OK) == 0;
  const auto parent = has_memory ? "/dev/shm" : std::filesystem::temp_directory_path();
  std::string name = (parent / "plumb_store_XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
  folder_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Run rich_run() {
  Run run;
  run.info = {.kind = "train",
              .network = "30 x [dense 128 > sigmoid] > dense 10",
              .data = "digits.npz",
              .loss = "cross_entropy",
              .optimiser = "sgd",
              .precision = "double",
              .seed = kMax,
              .batch = 32,
              .classes = 10,
              .planned_steps = 1000,
              .threads = 2,
              .plumb_version = "0.1.0",
              .machine = "two\nlines, \"quoted\", \xff not UTF-8",
              .started_at = "2026-01-02T03:04:05Z",
              .settings = {{"lr", "0.1"}, {"empty", ""}, {"lr", std::string("zero\0inside", 11)}},
              .data_info = DataInfo{.samples = kMostInteger,
                                    .validation_samples = 7,
                                    .inputs = {{"a, \"quoted\" name", -0.0, 1.0 / 3, -kInf, kNaN},
                                               {"", 5e-324, 0, 1, 1e308}},
                                    .targets = {{"y", 2e4, 5e3, -1, kInf}},
                                    .class_sizes = {100, 0, kMostInteger},
                                    .between_batches = 0.25},
              .baseline = Baseline{2.302, kNaN, 0.125},
              .optimiser_info = OptimiserInfo{.kind = "adamw",
                                              .momentum = 0.9,
                                              .nesterov = true,
                                              .beta2 = 0.999,
                                              .eps = 1e-8,
                                              .weight_decay = 0.01,
                                              .is_decay_decoupled = true,
                                              .clip_norm = 1.5,
                                              .clip_value = -0.0,
                                              .learning_rate = kNaN,
                                              .schedule = "cosine",
                                              .warmup_steps = 12},
              .layers = {},
              .blocks = {{"2", "res", kNoBlock}, {"2.1", "expert", 0}},
              .params = {},
              .outputs = {2, 6}};
  auto& layers = run.info.layers;
  layers.resize(7);
  for (std::size_t i = 0; i < layers.size(); ++i) layers[i].path = std::to_string(i);
  layers[0].path = layers[0].kind = "input";
  layers[0].family = LayerFamily::input;
  layers[1] = {.path = "0",
               .kind = "dense",
               .family = LayerFamily::linear,
               .text = "dense 128",
               .block = 1,
               .inputs = {{0, 0, Way::unnamed, false}},
               .depth = 1,
               .units = 128,
               .fan_in = 784,
               .fan_out = 128,
               .traits = {},
               .function = "",
               .cell = {},
               .running_momentum = 0.001,
               .first_step = 0};
  layers[2].family = LayerFamily::activation;
  layers[2].function = "leaky_relu 0.2";
  layers[2].traits = ActivationTraits{.max_derivative = kInf,
                                      .low_slope = -0.0,
                                      .high_slope = kNaN,  // known, and it is NaN
                                      .saturates = false,
                                      .can_die = true,
                                      .odd = {},
                                      .usual_log2_derivative = {},
                                      .critical_gain = 1.0 / 3,
                                      .gain_source = "He et al. 2015"};
  layers[3].traits.emplace();  // of an activation, and nothing is known
  layers[4].family = LayerFamily::recurrent;
  layers[4].cell = CellFacts{"tanh", 7, true, false, 1.5, kNaN, 20};
  layers[5].cell.emplace();
  layers[5].running_momentum = 1e-3;
  layers[6].family = LayerFamily::residual;
  layers[6].inputs = {
      {5, 0, Way::branch, false}, {1, 2, Way::shortcut, true}, {kNoLayer, 0, Way::gate, false}};
  layers[6].first_step = 5;
  run.info.params = {{.path = "0.weight",
                      .name = "weight",
                      .use = ParamUse::weight,
                      .reverse = false,
                      .users = {1, 5, 1},
                      .count = std::numeric_limits<std::int64_t>::max(),
                      .frozen = true,
                      .shard = 3,
                      .shards = 8,
                      .first_step = 4},
                     {.path = "4.weight_hh_l0_reverse",
                      .name = "weight_hh_l0_reverse",
                      .use = ParamUse::recurrent_weight,
                      .reverse = true,
                      .users = {4}},
                     {.path = "unused", .name = "unused", .users = {}}};
  StepRecord bare;
  bare.step = -3;
  bare.loss = kNaN;
  StepRecord full;
  full.step = 5;
  full.epoch = 1;
  full.time_s = 0.1;
  full.loss = 5e-324;
  full.accuracy = -0.0;
  full.learning_rate = 1e308;
  full.grad_norm = kInf;
  full.clip_factor = -kInf;
  full.weight_decay_norm = 1.0;
  full.validation_loss = kNaN;  // validated, and it was NaN: not the same as none
  full.validation_accuracy = 0.5;
  full.inference_loss = -kInf;
  full.inference_accuracy = kNaN;
  full.passes = 4;
  full.skipped = true;
  full.measured = true;
  SketchRecord record{Site::layer(1, Role::z, 2), {}};
  record.sketch.count = kMax;
  record.sketch.nonfinite_count = kMax - 1;
  record.sketch.zero_count = 1;
  record.sketch.mean = -0.0;
  record.sketch.m2 = kInf;
  record.sketch.abs_max = 1.0 / 3.0;
  record.sketch.log2_scale = -4000;
  record.sketch.histogram[0] = 1;
  record.sketch.histogram[100] = kMax;
  record.sketch.histogram[254] = 128;
  record.sketch.format_loss = {{{1, 2, 3}, {0, 0, 0}, {kMax, 127, 128}, {1ULL << 63, 0, 9}}};
  full.sketches.push_back(record);
  full.sketches.push_back({Site::param(0, Role::grad_weight), {}});
  full.sketches.push_back({Site::param(1, Role::grad_weight), {}});
  full.sketches.push_back({Site::layer(0, Role::grad_a), record.sketch});
  full.activations = {{2, -kInf, 0.25, 1.0, 128, 3, kMax}, {3, kNaN, 0, 0, 0, 0, 0}};
  full.joins = {
      {1, 2, kNoLayer, {{5, 0, -200.5, kNaN}, {6, 1, -kInf, -0.0}, {kNoLayer, 0, 2, 1.5}}},
      {0, 0, kNoLayer, {}},
      {2, 0, kNoLayer, {{3, 0, 7.25, 1}}},
      {2, 0, 6, {{3, 0, 7.25, 1}}, -3.5}};
  full.signals = {{0, 32, -1.0 / 31, 30.5}, {4, 0, kNaN, kNaN}, {6, 2147483647, 1, -0.0}};
  full.symmetries = {{0, 128, 127}};
  constexpr auto kInfF = std::numeric_limits<float>::infinity();
  constexpr auto kNaNF = std::numeric_limits<float>::quiet_NaN();
  const TimeSeries flow{TimeQuantity::grad_h,
                        TimeStatistic::log2_rms,
                        {time_value(-20000.3, TimeStatistic::log2_rms), -kInfF, 0.5F, kNaNF}};
  const TimeSeries gate{TimeQuantity::forget_gate,
                        TimeStatistic::mean,
                        {time_value(0.731, TimeStatistic::mean), 0, 1, 1.0F / 65536}};
  const TimeSeries grown{
      TimeQuantity::c, TimeStatistic::log2_rms, {kInfF, 9000, 0.0F, -1.0F / 1024}};
  full.times = {{4, false, 4, 64, {flow, gate}}, {4, true, 4, 64, {grown}}, {4, true, 0, 1, {}}};
  full.inner = {{2, 0, "grad_a_log2_rms", Axis::head, {-0.0F, kInfF, kNaNF, 1e-45F}},
                {kNoLayer, 3, "", Axis::pass, {}},
                {6, 0, kCarriedMean, Axis::unit, {0.875F}}};
  full.blocks = {{1, 12, kMostInteger}, {0, 0, 0}};
  StepRecord reordered = full;  // the same sites in another order, and one more
  reordered.step = 6;
  reordered.validation_loss.reset();
  std::swap(reordered.sketches[0], reordered.sketches[2]);
  reordered.sketches.push_back({Site::param(2, Role::update), {}});
  run.steps = {bare, full, reordered};
  Finding finding;
  finding.id = 3;
  finding.rule = "vanishing_gradient";
  finding.severity = Severity::critical;
  finding.place = Place::layer(1, Role::z);
  finding.place.reverse = true;
  finding.first_step = 5;
  finding.last_step = 6;
  finding.over = true;
  finding.evidence = {{{Quantity::flow_log2, -90.2, Place::layer(1), Place::loss()}, -20},
                      {{Quantity::gate, kNaN, {}, {}}, kInf}};
  finding.facts = {{Quantity::layers_crossed, -0.0, Place::param(0, Role::update), {}}};
  finding.cause = {CauseKind::truncation,
                   Place::param(1, Role::weight),
                   kNaN,
                   {{Quantity::mean_log2_gain, 1.0 / 3, {}, {}}, {Quantity::count, 0, {}, {}}}};
  finding.explained_by = 1;
  finding.did_harm = false;
  finding.remedies = {
      {RemedyKind::initialise, Place::param(0), {{"gain", 1.41}, {"scheme", "nan"}}, kNaN},
      {RemedyKind::none_needed, {}, {{"if", std::string()}, {"at", kNaN}}, {}}};
  Finding plain;
  plain.id = 1;
  plain.rule = "dead_units";
  plain.severity = Severity::note;
  run.findings = {finding, plain};
  run.end = RunEnd{"diverged", 7, 12.5};
  return run;
}

RunInfo chain_info(int layers) {
  RunInfo info;
  info.network = "dense 10";
  info.layers.resize(static_cast<std::size_t>(layers) + 1);
  info.layers[0].path = "input";
  info.layers[0].family = LayerFamily::input;
  for (int i = 1; i <= layers; ++i) {
    LayerInfo& layer = info.layers[static_cast<std::size_t>(i)];
    layer.path = std::to_string(i - 1);
    layer.family = LayerFamily::linear;
    layer.inputs = {{.from = i - 1}};
    ParamInfo& param = info.params.emplace_back();
    param.path = layer.path + ".weight";
    param.name = "weight";
    param.use = ParamUse::weight;
    param.users = {i};
  }
  return info;
}

Run plain_run(int steps, int sites) {
  Run run;
  run.info = chain_info(sites / 7 + 1);
  for (int i = 0; i < steps; ++i) {
    StepRecord step;
    step.step = i;
    step.time_s = i * 0.01;
    step.loss = 1.0 / (1 + i);
    step.measured = true;
    for (int s = 0; s < sites; ++s) {
      const auto role = static_cast<Role>(s % 7);
      SketchRecord record{
          is_of_parameter(role) ? Site::param(s / 7, role) : Site::layer(s / 7 + 1, role), {}};
      record.sketch.count = 4096;
      record.sketch.mean = 1e-3 / (1 + i + s);
      record.sketch.m2 = 0.37 * (1 + s);
      record.sketch.abs_max = 3.9;
      for (std::size_t k = 110; k < 129; ++k) record.sketch.histogram[k] = 1ULL << (k - 110) % 12;
      step.sketches.push_back(record);
    }
    step.activations.push_back({1, -2.5, 0.1, 1.0, 128, 0, 32});
    run.steps.push_back(step);
  }
  return run;
}

void write_run(const std::string& path, const Run& run) {
  RunWriter writer(path);
  writer.begin(run.info);
  for (const StepRecord& step : run.steps) writer.add(step);
  if (run.end) writer.end(*run.end);
  writer.close();
  if (run.findings) save_findings(path, *run.findings);
}

std::string describe(const StepRecord& step) {
  Lines line;
  add(line, step);
  return line.str();
}

std::string describe(const Run& run) {
  Lines line;
  add(line, run.info);
  for (const StepRecord& step : run.steps) add(line, step);
  line("diagnosed", run.is_diagnosed());
  if (run.findings) {
    for (const Finding& finding : *run.findings) add(line, finding);
  }
  if (run.end) {
    line("end.reason", run.end->reason);
    line("end.steps", run.end->steps);
    line("end.time_s", run.end->time_s);
  }
  return line.str();
}

std::string store_error(const std::function<void()>& action) {
  try {
    action();
  } catch (const StoreError& error) {
    return error.what();
  }
  return "";
}

std::string store_error_of_stranger(const ScratchFolder& folder,
                                    const std::function<void()>& action) {
  namespace fs = std::filesystem;
  constexpr auto kReadOnly = fs::perms(0555);
  constexpr uid_t kNobody = 65534;
  fs::permissions(folder.path(), kReadOnly);
  int pipe[2];
  if (::pipe(pipe) != 0) throw std::runtime_error("pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(kNobody) != 0) ::_exit(1);
    const std::string message = store_error(action);
    const auto written = ::write(pipe[1], message.data(), message.size());
    ::_exit(written == static_cast<ssize_t>(message.size()) ? 0 : 1);
  }
  ::close(pipe[1]);
  std::string message;
  char buffer[512];
  for (ssize_t n = 0; (n = ::read(pipe[0], buffer, sizeof buffer)) > 0;) {
    message.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  fs::permissions(folder.path(), fs::perms(0755));
  return status == 0 ? message : "the stranger failed";
}

void kill_after(const std::function<void()>& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    action();
    ::raise(SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
}

void write_killed_run(const std::string& path, const Run& run) {
  kill_after([&] {
    RunWriter writer(path);
    writer.begin(run.info);
    for (const StepRecord& step : run.steps) writer.add(step);
    if (run.end) writer.end(*run.end);
    ::raise(SIGKILL);
  });
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace plumb
