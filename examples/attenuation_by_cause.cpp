// SPDX-License-Identifier: Apache-2.0
// Asks a run file at which step most of the gradient was lost on its way, and what took it.
#include <cstdio>

#include "plumb/flow/ledger.h"
#include "plumb/store/run_file.h"
#include "plumb/train/run_training.h"

void train_to(const char* path) {
  plumb::TrainConfig config;
  config.network = "flatten > 20 x [dense 32 > sigmoid] > dense 10";
  config.data = "glyphs?n=1000";
  config.learning_rate = 0.1;
  config.steps = 40;
  const plumb::Run run = plumb::train(config);

  plumb::RunWriter writer(path);
  writer.begin(run.info);
  for (const plumb::StepRecord& step : run.steps) writer.add(step);
  writer.close();
}

int main(int argc, char** argv) {
  const char* path = argc > 1 ? argv[1] : "deep.plumb";
  if (argc < 2) train_to(path);
  const plumb::Run run = plumb::load_run(path);
  plumb::Ledger worst;
  for (const plumb::StepRecord* step : run.measured()) {
    const plumb::Ledger ledger = plumb::make_ledger(run.info, *step);
    if (ledger.total < worst.total) worst = ledger;
  }
  std::printf("step %d: 2^%.1f\n", static_cast<int>(worst.step), worst.total);
  for (const plumb::Cause cause : plumb::kCauses) {
    const double log2 = worst.total_of(cause);
    if (log2 != 0) std::printf("  %-22s 2^%+.1f\n", to_string(cause).data(), log2);
  }
  return worst.total < -20 || argc > 1 ? 0 : 1;  // the network that was trained here is sick
}
