// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/run_training.h"

#include <cmath>
#include <utility>

#include "plumb/core/memory.h"
#include "plumb/train/training_memory.h"

namespace plumb {

bool Patience::is_over(const StepRecord& record) {
  if (!record.validation_loss) return false;
  if (*record.validation_loss < best_) {
    best_ = *record.validation_loss;
    waited_ = 0;
    return false;
  }
  ++waited_;
  return epochs_ > 0 && waited_ >= epochs_;
}

namespace {
/// The moments are allocated at the first step, when the run has begun: too late to refuse.
void require_optimiser_memory(Trainer& trainer) {
  const OptimiserConfig& optimiser = trainer.config().optimiser;
  const std::int64_t batch = trainer.network().input_view().shape[0];
  const TrainingMemory memory = training_memory(trainer.network(), batch, optimiser);
  require_memory(memory_text(memory, batch, optimiser) + ": what is not there yet",
                 memory.optimiser_bytes);
}
}  // namespace

void run_training(Trainer& trainer, RecordSink* sink, const StepCallback& callback) {
  if (trainer.step_count() == 0) require_optimiser_memory(trainer);
  if (sink != nullptr) sink->begin(trainer.info());
  RunEnd end{"finished", trainer.step_count(), 0};
  Patience patience(trainer.config().patience);
  while (!trainer.done()) {
    const StepRecord& record = trainer.step();
    end.steps = trainer.step_count();
    end.time_s = record.time_s;
    if (sink != nullptr) sink->add(record);
    if (patience.is_over(record) && !trainer.done()) {
      if (callback) callback(trainer, record);
      end.reason = "stopped early";
      break;
    }
    if (trainer.config().stop_on_nan && !std::isfinite(record.loss)) {
      end.reason = "diverged";
      trainer.end_with_next_step();
    }
    if (callback && !callback(trainer, record)) {
      if (!trainer.done()) end.reason = "interrupted";
      break;
    }
  }
  if (sink != nullptr) sink->end(end);
}

namespace {
/// Keeps a run in memory.
class MemorySink : public RecordSink {
 public:
  void begin(const RunInfo& info) override { run.info = info; }
  void grow(const RunInfo& info) override { run.info = info; }
  void add(const StepRecord& step) override { run.steps.push_back(step); }
  void end(const RunEnd& end) override { run.end = end; }
  Run run;
};
}  // namespace

Run train(const TrainConfig& config, const StepCallback& callback) {
  const Split data = load_split(config.data, config.data_options());
  Trainer trainer(config, data);
  MemorySink sink;
  run_training(trainer, &sink, callback);
  return std::move(sink.run);
}

}  // namespace plumb
