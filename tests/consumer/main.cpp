// SPDX-License-Identifier: Apache-2.0
// Uses the installed headers and libraries as a stranger would: learns XOR in process, then trains
// and diagnoses.
#include <algorithm>
#include <array>
#include <cstdio>
#include <string>

#include "plumb/plumb.h"

#if PLUMB_VERSION < PLUMB_VERSION_OF(0, 2, 0) || PLUMB_VERSION >= PLUMB_VERSION_OF(1, 0, 0)
#error this program is written for plumb 0.2
#endif

namespace {

bool learns_xor() {
  constexpr std::array<float, 8> kInputs{0, 0, 0, 1, 1, 0, 1, 1};
  constexpr std::array<std::int32_t, 4> kLabels{0, 1, 1, 0};

  plumb::ThreadPool pool(2);
  const plumb::Context context{.pool = pool};
  plumb::Network network(plumb::parse_spec("dense 8 > tanh > dense 2"), plumb::Shape({2}),
                         {.seed = 7});
  network.plan(4);
  std::ranges::copy(kInputs, network.input().as<float>().begin());

  const auto loss = plumb::make_loss("cross_entropy");
  const auto adam = plumb::make_optimiser({.name = "adam"});
  double first = 0;
  double last = 0;
  for (int step = 0; step < 300; ++step) {
    network.zero_grad();
    const plumb::ConstView y = network.forward(context);
    last = loss->gradient(y, {.labels = kLabels, .values = {}}, network.output_gradient());
    if (step == 0) first = last;
    network.backward(context);
    adam->step(network.params(), 0.05, 1.0, 0.0, pool, nullptr);
  }
  const double accuracy = plumb::accuracy(network.forward(context), kLabels);
  const plumb::Sketch output = plumb::sketch(network.output());
  std::printf("loss %.4f to %.4f, accuracy %.2f, output rms %.2f\n", first, last, accuracy,
              output.rms());
  return accuracy == 1.0 && last < 0.1 * first && output.nonfinite_count == 0;
}

std::string first_problem(const char* network) {
  plumb::TrainConfig config;
  config.network = network;
  config.data = "teacher?n=600&in=8&classes=3";
  config.optimiser.name = "adam";
  config.learning_rate = 0.003;
  config.steps = 100;
  const plumb::Run run = plumb::train(config);
  std::printf("%s\n", plumb::render_table(run).c_str());
  const auto findings = plumb::diagnose(run);
  return findings.empty() ? "" : findings.front().rule;
}

}  // namespace

int main() {
  const bool fine = learns_xor() && first_problem("2 x [dense 32 > tanh] > dense 3").empty() &&
                    first_problem("20 x [dense 32 > sigmoid] > dense 3") == "vanishing_gradient";
  return fine ? 0 : 1;
}
