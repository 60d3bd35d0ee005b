// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "plumb/diagnose/words/layer_names.h"
#include "plumb/train/run_training.h"

namespace plumb::zoo {

namespace {

/// Recurrent layers add nothing to LayerInfo::depth: they are counted by themselves.
int depth_of(const RunInfo& info, const Place& place) {
  const LayerId id = layer_at(info, place);
  if (id == kNoLayer) return 0;
  if (info.layer(id).family != LayerFamily::recurrent) return info.layer(id).depth;
  return static_cast<int>(
      std::count_if(info.layers.begin(), info.layers.begin() + id + 1,
                    [](const LayerInfo& layer) { return layer.family == LayerFamily::recurrent; }));
}

std::vector<Symptoms> ask_peers(const Run& run) {
  const PeerView view(run);
  std::vector<Symptoms> found;
  for (const Peer& peer : peers()) found.push_back(peer.check(view));
  return found;
}

/// Hands the run on, and keeps what a diagnosis refers to and what the rules of others need.
class Watch : public RecordSink {
 public:
  explicit Watch(const TrialOptions& options) : next_(options.sink), asks_peers_(options.peers) {}
  void begin(const RunInfo& info) override {
    info_ = info;
    diagnosis_.emplace(info_);
    if (next_ != nullptr) next_->begin(info);
  }
  void grow(const RunInfo& info) override {
    info_ = info;
    diagnosis_->grow(info_);
    if (next_ != nullptr) next_->grow(info);
  }
  void add(const StepRecord& step) override {
    diagnosis_->add(step);
    if (asks_peers_) run_.steps.push_back(step);
    if (step.step == 0) {
      first_ = answer_of(*diagnosis_);
      if (asks_peers_) peers_first_ = peers_last();
    }
    if (next_ != nullptr) next_->add(step);
  }
  void end(const RunEnd& end) override {
    if (next_ != nullptr) next_->end(end);
  }
  const Answer& first() const { return first_; }
  Answer last() const { return answer_of(*diagnosis_); }
  const std::vector<Finding>& findings() const { return diagnosis_->findings(); }
  const std::vector<Symptoms>& peers_first() const { return peers_first_; }
  std::vector<Symptoms> peers_last() {
    run_.info = info_;
    return ask_peers(run_);
  }

 private:
  RecordSink* next_;
  bool asks_peers_;
  RunInfo info_;
  Run run_;
  std::vector<Symptoms> peers_first_;
  std::optional<Diagnosis> diagnosis_;
  Answer first_;
};

Trial train(const Kind& kind, std::uint64_t seed, bool twin, const TrialOptions& options) {
  Specimen specimen = make_specimen(kind, seed, twin);
  specimen.config.record = options.record;
  specimen.config.threads = 1;
  Trainer trainer(specimen.config, specimen.data);
  if (specimen.surgery) specimen.surgery(trainer.network());
  Watch watch(options);
  run_training(trainer, &watch, {});
  const Dataset& part =
      specimen.measure == Measure::training_loss ? specimen.data.train : specimen.data.validation;
  Trial trial;
  trial.kind = &kind;
  trial.seed = seed;
  trial.is_twin = twin;
  trial.baseline = constant_loss(part);
  const double loss = trainer.evaluate(part).loss;
  trial.loss = std::isfinite(loss) ? loss : std::numeric_limits<double>::infinity();
  trial.bad_depth = specimen.bad_depth;
  trial.at_start = watch.first();
  trial.at_end = watch.last();
  trial.findings = watch.findings();
  if (options.peers) {
    trial.peers_at_start = watch.peers_first();
    trial.peers_at_end = watch.peers_last();
  }
  return trial;
}

}  // namespace

const Said* Answer::first_alarm() const {
  const auto it = std::ranges::find_if(findings, &Said::is_alarm);
  return it == findings.end() ? nullptr : &*it;
}

Answer answer_of(const Diagnosis& diagnosis) {
  Answer answer;
  answer.outcome = to_string(diagnosis.outcome());
  const RunInfo& info = diagnosis.view().info();
  for (const Finding& finding : diagnosis.findings()) {
    answer.findings.push_back({finding.rule, finding.severity,
                               std::string(to_string(finding.cause.kind)),
                               depth_of(info, finding.place), finding.is_explained()});
  }
  return answer;
}

double constant_loss(const Dataset& data) {
  double sum = 0;
  if (data.is_classification()) {
    std::vector<double> counts(static_cast<std::size_t>(data.classes), 0.0);
    for (const std::int32_t label : data.labels) ++counts[static_cast<std::size_t>(label)];
    for (const double count : counts) {
      const double share = count / static_cast<double>(data.labels.size());
      if (share > 0) sum -= share * std::log(share);
    }
    return sum;
  }
  const auto columns = static_cast<std::size_t>(data.y.shape().row_size());
  const auto y = data.y.as<float>();
  const auto n = static_cast<double>(data.size());
  for (std::size_t c = 0; c < columns; ++c) {
    double mean = 0;
    for (std::size_t i = c; i < y.size(); i += columns) mean += y[i] / n;
    for (std::size_t i = c; i < y.size(); i += columns) {
      sum += (y[i] - mean) * (y[i] - mean) / (2 * n);
    }
  }
  return sum * data.target_unit * data.target_unit;
}

Trial run_trial(const Kind& kind, std::uint64_t seed, bool twin, const TrialOptions& options) {
  try {
    return train(kind, seed, twin, options);
  } catch (const std::exception& error) {
    throw std::runtime_error(fmt::format("zoo: {}{}, seed {}: {}", kind.name, twin ? " (twin)" : "",
                                         seed, error.what()));
  }
}

}  // namespace plumb::zoo
