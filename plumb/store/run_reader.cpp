// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/store/finding_rows.h"
#include "plumb/store/info_rows.h"
#include "plumb/store/legacy_reader.h"
#include "plumb/store/run_file.h"
#include "plumb/store/schema.h"
#include "plumb/store/step_rows.h"

namespace plumb {

namespace {

constexpr std::int64_t kBeforeAll = std::numeric_limits<std::int64_t>::min();
// Our choice: the metrics of so many steps are read at once, since a statement takes longer to
// start than to go on.
constexpr std::size_t kAhead = 256;

bool wants(const LoadOptions& options, const StepRecord& step) {
  return !options.records || options.records(step.step);
}

/// Moves the metrics to a step whose vectors keep their memory.
void set_metrics(StepRecord& step, StepRecord&& metrics) {
  std::swap(step.sketches, metrics.sketches);
  std::swap(step.activations, metrics.activations);
  std::swap(step.joins, metrics.joins);
  std::swap(step.symmetries, metrics.symmetries);
  std::swap(step.times, metrics.times);
  std::swap(step.inner, metrics.inner);
  std::swap(step.blocks, metrics.blocks);
  std::swap(step.signals, metrics.signals);
  step = std::move(metrics);
}

/// As a step that was not measured.
void leave_out_records(StepRecord& step) {
  step.measured = false;
  step.sketches.clear();
  step.activations.clear();
  step.joins.clear();
  step.symmetries.clear();
  step.times.clear();
  step.inner.clear();
  step.blocks.clear();
  step.signals.clear();
}

}  // namespace

LoadOptions LoadOptions::of_steps(std::vector<std::int64_t> steps) {
  std::sort(steps.begin(), steps.end());
  return {true, [steps = std::move(steps)](std::int64_t step) {
            return std::binary_search(steps.begin(), steps.end(), step);
          }};
}

class RunReader::Source {
 public:
  virtual ~Source() = default;
  virtual const RunInfo& info() const = 0;
  virtual std::optional<std::vector<Finding>> findings() = 0;
  virtual std::optional<RunEnd> end() = 0;
  virtual std::vector<std::int64_t> measured_steps() = 0;
  virtual bool next(StepRecord& step) = 0;
  virtual bool read(std::int64_t number, StepRecord& step, bool histograms) = 0;
  virtual void begin_after(std::int64_t step) = 0;
  virtual std::optional<std::string> missing_log() = 0;
};

class RunReader::FileSource : public RunReader::Source {
 public:
  /// With `whole`, everything is read as of one commit, and the file is locked meanwhile.
  FileSource(store::Database database, LoadOptions options, bool whole)
      : database_(std::move(database)),
        snapshot_(whole ? std::make_unique<store::Transaction>(database_, store::Access::read)
                        : nullptr),
        options_(std::move(options)),
        info_(store::read_info(database_)),
        steps_(database_) {}

  const RunInfo& info() const override { return info_; }

  std::optional<std::vector<Finding>> findings() override {
    refresh();
    return store::read_findings(database_, info_);
  }

  std::optional<RunEnd> end() override { return store::read_end(database_); }

  std::vector<std::int64_t> measured_steps() override { return steps_.measured_steps(); }

  bool next(StepRecord& step) override {
    if (ahead_.empty()) {
      if (last_ == std::numeric_limits<std::int64_t>::max()) return false;
      std::vector<StepRecord> more;
      steps_.metrics(last_ ? *last_ + 1 : kBeforeAll, kAhead, more);
      ahead_.assign(std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
      if (ahead_.empty()) return false;
    }
    set_metrics(step, std::move(ahead_.front()));
    ahead_.pop_front();
    last_ = step.step;
    if (step.measured && wants(options_, step)) {
      read_records(step, options_.histograms || info_.has_half_gradients());
    } else {
      leave_out_records(step);
    }
    return true;
  }

  bool read(std::int64_t number, StepRecord& step, bool histograms) override {
    std::vector<StepRecord> one;
    steps_.metrics(number, 1, one);
    if (one.empty() || one.front().step != number) return false;
    set_metrics(step, std::move(one.front()));
    if (step.measured) {
      read_records(step, histograms);
    } else {
      leave_out_records(step);
    }
    return true;
  }

  void begin_after(std::int64_t step) override { last_ = step; }

  std::optional<std::string> missing_log() override {
    return end() ? std::nullopt : store::missing_log(database_);
  }

 private:
  void read_records(StepRecord& step, bool histograms) {
    if (!steps_.records(step, histograms)) {
      // The writer may have thinned the step since its metrics were read.
      std::vector<StepRecord> again;
      steps_.metrics(step.step, 1, again);
      if (!again.empty() && again.front().step == step.step && again.front().measured) {
        throw StoreError(database_.path() + ": damaged run file: step " +
                         std::to_string(step.step) + " lacks its records");
      }
      leave_out_records(step);
    }
    if (steps_.graph_size() != info_size_) refresh();
  }

  void refresh() {
    info_ = store::read_info(database_);
    info_size_ = steps_.graph_size();
  }

  store::Database database_;
  std::unique_ptr<store::Transaction> snapshot_;
  LoadOptions options_;
  RunInfo info_;
  store::GraphSize info_size_;  ///< as of the layouts that info_ is known to fit
  store::StepSelector steps_;
  std::deque<StepRecord> ahead_;
  std::optional<std::int64_t> last_;
};

class RunReader::LegacySource : public RunReader::Source {
 public:
  LegacySource(Run run, LoadOptions options) : run_(std::move(run)), options_(std::move(options)) {}

  const RunInfo& info() const override { return run_.info; }
  std::optional<std::vector<Finding>> findings() override { return run_.findings; }
  std::optional<RunEnd> end() override { return run_.end; }

  std::vector<std::int64_t> measured_steps() override {
    std::vector<std::int64_t> steps;
    for (const StepRecord* step : run_.measured()) steps.push_back(step->step);
    return steps;
  }

  bool next(StepRecord& step) override {
    if (next_ == run_.steps.size()) return false;
    step = run_.steps[next_++];
    if (!wants(options_, step)) leave_out_records(step);
    if (!options_.histograms) drop_histograms(step);
    return true;
  }

  bool read(std::int64_t number, StepRecord& step, bool histograms) override {
    const auto it = find_from(number);
    if (it == run_.steps.end() || it->step != number) return false;
    step = *it;
    if (!histograms) drop_histograms(step);
    return true;
  }

  void begin_after(std::int64_t step) override {
    auto it = find_from(step);
    if (it != run_.steps.end() && it->step == step) ++it;
    next_ = static_cast<std::size_t>(it - run_.steps.begin());
  }

  std::optional<std::string> missing_log() override { return std::nullopt; }

 private:
  std::vector<StepRecord>::iterator find_from(std::int64_t number) {
    return std::lower_bound(
        run_.steps.begin(), run_.steps.end(), number,
        [](const StepRecord& step, std::int64_t wanted) { return step.step < wanted; });
  }
  static void drop_histograms(StepRecord& step) {
    for (SketchRecord& record : step.sketches) {
      record.sketch.histogram = {};
      record.sketch.format_loss = {};
    }
  }

  Run run_;
  LoadOptions options_;
  std::size_t next_ = 0;
};

std::unique_ptr<RunReader::Source> RunReader::open(const std::string& path, LoadOptions options,
                                                   bool whole) {
  store::Database database = store::open_run_file(path, store::Access::read);
  if (store::schema_version(database) < store::kOldestSameSchema) {
    const store::Transaction snapshot(database, store::Access::read);
    return std::make_unique<LegacySource>(store::read_legacy_run(database), std::move(options));
  }
  return std::make_unique<FileSource>(std::move(database), std::move(options), whole);
}

RunReader::RunReader(const std::string& path, LoadOptions options)
    : source_(open(path, std::move(options), false)) {}

RunReader::~RunReader() = default;
RunReader::RunReader(RunReader&&) noexcept = default;

const RunInfo& RunReader::info() const { return source_->info(); }
std::optional<std::vector<Finding>> RunReader::findings() { return source_->findings(); }
std::optional<RunEnd> RunReader::end() { return source_->end(); }
std::vector<std::int64_t> RunReader::measured_steps() { return source_->measured_steps(); }
std::optional<std::string> RunReader::missing_log() { return source_->missing_log(); }
bool RunReader::next(StepRecord& step) { return source_->next(step); }
bool RunReader::read(std::int64_t number, StepRecord& step, bool histograms) {
  return source_->read(number, step, histograms);
}

Run load_run(const std::string& path, const LoadOptions& options) {
  const auto source = RunReader::open(path, options, true);
  Run run;
  for (StepRecord step; source->next(step);) run.steps.push_back(std::move(step));
  run.findings = source->findings();
  run.end = source->end();
  run.info = source->info();
  return run;
}

std::vector<StepRecord> load_steps_after(const std::string& path, std::int64_t step,
                                         const LoadOptions& options) {
  const auto source = RunReader::open(path, options, true);
  source->begin_after(step);
  std::vector<StepRecord> steps;
  for (StepRecord one; source->next(one);) steps.push_back(std::move(one));
  return steps;
}

}  // namespace plumb
