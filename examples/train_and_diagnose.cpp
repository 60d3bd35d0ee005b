// SPDX-License-Identifier: Apache-2.0
// Trains a network that cannot learn and says why.
#include <cstdio>

#include "plumb/diagnose/rule.h"
#include "plumb/train/run_training.h"

int main() {
  plumb::TrainConfig config;
  config.network = "flatten > 20 x [dense 32 > sigmoid] > dense 10";
  config.data = "glyphs?n=1000";
  config.learning_rate = 0.1;
  config.steps = 40;

  const plumb::Run run = plumb::train(config);
  const auto findings = plumb::diagnose(run);

  std::printf("%s\n", plumb::verdict(run, findings).c_str());
  for (const plumb::Finding& finding : findings) {
    std::printf("%s: %s\n  cause: %s\n", finding.rule.c_str(), finding.symptom.c_str(),
                finding.cause.c_str());
  }
  return findings.empty() ? 1 : 0;  // this network is sick, and plumb must say so
}
