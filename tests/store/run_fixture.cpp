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

#include "plumb/core/error.h"
#include "plumb/store/run_file.h"

namespace plumb {

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
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
  for (const LayerInfo& layer : info.layers) {
    line("layer.path", layer.path);
    line("layer.kind", layer.kind);
    line("layer.family", std::string(to_string(layer.family)));
    line("layer.text", layer.text);
    line("layer.parent", layer.parent);
    line("layer.depth", layer.depth);
    line("layer.units", layer.units);
    line("layer.fan_in", layer.fan_in);
    line("layer.fan_out", layer.fan_out);
    line("layer.max_derivative", layer.max_derivative);
  }
}

void add(Lines& line, const SketchRecord& record) {
  const Sketch& sketch = record.sketch;
  line("sketch.path", record.site.path);
  line("sketch.role", std::string(to_string(record.site.role)));
  line("sketch.param", record.site.param);
  line("sketch.count", sketch.count);
  line("sketch.nonfinite_count", sketch.nonfinite_count);
  line("sketch.zero_count", sketch.zero_count);
  line("sketch.mean", sketch.mean);
  line("sketch.m2", sketch.m2);
  line("sketch.abs_max", sketch.abs_max);
  line("sketch.log2_scale", sketch.log2_scale);
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
  line("measured", step.measured ? 1 : 0);
  for (const SketchRecord& record : step.sketches) add(line, record);
  for (const ActivationRecord& record : step.activations) {
    line("activation.path", record.path);
    line("activation.log2_rms_derivative", record.log2_rms_derivative);
    line("activation.saturated_fraction", record.saturated_fraction);
    line("activation.active_fraction", record.active_fraction);
    line("activation.units", record.units);
    line("activation.dead_units", record.dead_units);
    line("activation.window_samples", record.window_samples);
  }
  for (const JoinRecord& record : step.joins) {
    line("join.path", record.path);
    line("join.log2_rms_branch", record.log2_rms_branch);
    line("join.log2_rms_shortcut", record.log2_rms_shortcut);
    line("join.cosine", record.cosine);
    line("join.log2_rms_gate", record.log2_rms_gate);
    line("join.carry_mean", record.carry_mean);
  }
  for (const SymmetryRecord& record : step.symmetries) {
    line("symmetry.path", record.path);
    line("symmetry.units", record.units);
    line("symmetry.duplicate_units", record.duplicate_units);
  }
  for (const TimeRecord& record : step.times) {
    line("time.path", record.path);
    line("time.reverse", record.reverse ? 1 : 0);
    line("time.time_steps", record.time_steps);
    line("time.units", record.units);
    for (const TimeSeries& series : record.series) {
      line("time.quantity", std::string(to_string(series.quantity)));
      line("time.statistic", std::string(to_string(series.statistic)));
      for (const float value : series.values) line("time.value", static_cast<double>(value));
    }
  }
}

void add(Lines& line, const Finding& finding) {
  line("finding.rule", finding.rule);
  line("finding.severity", std::string(to_string(finding.severity)));
  line("finding.path", finding.path);
  line("finding.first_step", finding.first_step);
  line("finding.last_step", finding.last_step);
  line("finding.symptom", finding.symptom);
  for (const Evidence& evidence : finding.evidence) {
    line("evidence.quantity", evidence.quantity);
    line("evidence.value", evidence.value);
    line("evidence.threshold", evidence.threshold);
    line("evidence.threshold_source", evidence.threshold_source);
  }
  line("finding.cause", finding.cause);
  line("finding.consequence", finding.consequence);
  for (const std::string& remedy : finding.remedies) line("remedy", remedy);
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
              .layers = {}};
  run.info.layers = {
      {"0", "dense", LayerFamily::linear, "dense 128", "", 1, 128, 784, 128, 1.0},
      {"1", "sigmoid", LayerFamily::activation, "sigmoid", "", 1, 128, 0, 0, 0.25},
      {"2", "res", LayerFamily::residual, "res[dense 128]", "", 2, 128, 0, 0, kInf},
      {"2.0", "dropout", LayerFamily::dropout, "dropout 0.5", "2", 2, 128, 0, 0, kNaN},
      {"3", "flatten", LayerFamily::shape, "flatten", "", 2, 128, 0, 0, -0.0}};
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
  full.measured = true;
  SketchRecord record{{"0", Role::z, ""}, {}};
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
  full.sketches.push_back({{"0", Role::grad_weight, "weight"}, {}});
  full.sketches.push_back({{"0", Role::grad_weight, "bias"}, {}});
  full.sketches.push_back({{"loss", Role::grad_a, ""}, record.sketch});
  full.activations = {{"1", -kInf, 0.25, 1.0, 128, 3, kMax}, {"3", kNaN, 0, 0, 0, 0, 0}};
  full.joins = {{"2", -200.5, -kInf, kNaN, kNaN, kNaN}, {"3", -1, 2, -0.5, -7.25, 0.875}};
  full.symmetries = {{"0", 128, 127}};
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
  full.times = {{"4", false, 4, 64, {flow, gate}}, {"4", true, 4, 64, {grown}}};
  StepRecord reordered = full;  // the same sites in another order, and one more
  reordered.step = 6;
  reordered.validation_loss.reset();
  std::swap(reordered.sketches[0], reordered.sketches[2]);
  reordered.sketches.push_back({{"2.0", Role::update, "weight"}, {}});
  run.steps = {bare, full, reordered};
  run.findings = {{"vanishing_gradient",
                   Severity::critical,
                   "0",
                   5,
                   6,
                   "-90.2 log2",
                   {{"attenuation", -90.2, -20, "our choice"}, {"rms", kNaN, kInf, ""}},
                   "sigmoid",
                   "it starves",
                   {"use relu", "use res"}},
                  {"dead_relu", Severity::note, "", 0, 0, "", {}, "", "", {}}};
  run.end = RunEnd{"diverged", 7, 12.5};
  return run;
}

Run plain_run(int steps, int sites) {
  Run run;
  run.info.network = "dense 10";
  for (int i = 0; i < steps; ++i) {
    StepRecord step;
    step.step = i;
    step.time_s = i * 0.01;
    step.loss = 1.0 / (1 + i);
    step.measured = true;
    for (int s = 0; s < sites; ++s) {
      SketchRecord record{
          {std::to_string(s / 7), static_cast<Role>(s % 7), s % 7 > 3 ? "weight" : ""}, {}};
      record.sketch.count = 4096;
      record.sketch.mean = 1e-3 / (1 + i + s);
      record.sketch.m2 = 0.37 * (1 + s);
      record.sketch.abs_max = 3.9;
      for (std::size_t k = 110; k < 129; ++k) record.sketch.histogram[k] = 1ULL << (k - 110) % 12;
      step.sketches.push_back(record);
    }
    step.activations.push_back({"1", -2.5, 0.1, 1.0, 128, 0, 32});
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
  save_findings(path, run.findings);
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
  for (const Finding& finding : run.findings) add(line, finding);
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
