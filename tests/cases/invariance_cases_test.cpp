// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/cases/case.h"
#include "tests/cases/case_data.h"

namespace plumb::test {
namespace {

/// Networks, without what is varied: the size of the batch, and how many threads share a step.
std::vector<Case> varied() {
  const std::string steps = " --steps 300";
  const std::string relu = "4 x [dense 64 > relu] > dense 4";
  const auto on_line = [](const std::string& name, const std::string& network,
                          const std::string& flags) {
    return Case{name, network, flags, {}, made(line, 0)};
  };
  const std::string images = " --data glyphs?n=1000 --steps 150";
  return {
      on_line("healthy", relu, kHe + steps + kAdam),
      on_line("healthy_by_sgd", relu, kHe + steps + " --lr 0.05"),
      on_line("vanishing", "20 x [dense 64 > sigmoid] > dense 4", steps + " --lr 0.05"),
      on_line("exploding", "30 x [dense 64 > relu] > dense 4",
              steps + " --lr 1e-4 --init he_normal --gain 2"),
      on_line("rate_too_high", relu, kHe + steps + " --optimiser adam --lr 1"),
      on_line("rate_too_low", relu, kHe + steps + " --lr 1e-7"),
      on_line("clipped", relu, kHe + steps + " --lr 0.05 --clip-norm 1e-6"),
      on_line("decay", relu, kHe + steps + " --lr 0.1 --weight-decay 0.5"),
      on_line("equal_start", "3 x [dense 32 > tanh] > dense 4",
              steps + " --lr 0.1 --init constant:0.1 --bias-init zeros"),
      // The positions of an image and the steps of a sequence are no units.
      {"healthy_images",
       "conv 8 3 > relu > maxpool 2 > conv 16 3 > relu > maxpool 2 > flatten > dense 10",
       kHe + images + " --optimiser adam --lr 3e-3"},
      {"dead_images", "conv 8 3 > relu > maxpool 2 > flatten > dense 10",
       " --init he_normal --bias-init constant:-100" + images + " --lr 0.05"},
      {"sequences", "rnn 24 > last > dense 1",
       " --data adding?t=6&n=1000 --steps 200 --optimiser adam --lr 3e-3"},
  };
}

std::string answer(const CaseRun& run) {
  const std::vector<Finding>& findings = run.diagnosis().findings();
  std::string text(is_well(run.diagnosis().outcome()) ? "well" : "not well");
  if (findings.empty() || findings.front().severity == Severity::note) return text;
  return text + ", " + findings.front().rule + " by " +
         std::string(to_string(findings.front().cause.kind));
}

class SameAnswer : public testing::TestWithParam<Case> {};

// 3686 of the 4096 samples are trained on: batches of 55 leave one sample for the last of an epoch.
TEST_P(SameAnswer, ForEveryBatchAndNumberOfThreads) {
  const auto with = [&](const std::string& flags) {
    Case one = GetParam();
    one.flags += flags;
    return CaseRun(one);
  };
  const CaseRun usual = with(" --batch 64");
  for (const char* flags :
       {" --batch 32", " --batch 55", " --batch 128", " --batch 64 --threads 2"}) {
    const CaseRun run = with(flags);
    EXPECT_EQ(answer(run), answer(usual)) << flags << "\n" << run.told() << "64\n" << usual.told();
  }
}

INSTANTIATE_TEST_SUITE_P(All, SameAnswer, testing::ValuesIn(varied()),
                         [](const testing::TestParamInfo<Case>& one) { return one.param.name; });

}  // namespace
}  // namespace plumb::test
