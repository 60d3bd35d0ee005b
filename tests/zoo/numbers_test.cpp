// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "plumb/record/run.h"
#include "plumb/zoo/kind.h"
#include "plumb/zoo/trial.h"
#include "tests/diagnose/shown_numbers.h"

namespace plumb::zoo {
namespace {

class Keeper : public RecordSink {
 public:
  void begin(const RunInfo& info) override { run.info = info; }
  void grow(const RunInfo& info) override { run.info = info; }
  void add(const StepRecord& step) override { run.steps.push_back(step); }
  void end(const RunEnd&) override {}
  plumb::Run run;
};

// Of every kind of the open half, sick and as its twin, after the first step and at the end.
TEST(ZooNumbersTest, EveryNumberOfASentenceIsOneThatIsShownWithIt) {
  for (const Kind& kind : kinds()) {
    if (half_of(kind) != Half::open) continue;
    for (const bool twin : {false, true}) {
      if (twin && kind.is_healthy()) continue;
      Keeper keeper;
      run_trial(kind, 1, twin, {.sink = &keeper});
      const plumb::Run start{keeper.run.info, {keeper.run.steps.front()}, {}, {}};
      for (const plumb::Run* run : {&start, &std::as_const(keeper.run)}) {
        const Diagnosis diagnosis(*run);
        const test::ShownNumbers shown(diagnosis);
        for (const std::string& words : test::sentences_of(diagnosis)) {
          for (const std::string& number : test::numbers_not_shown(words, shown)) {
            ADD_FAILURE() << kind.name << (twin ? " (twin): " : ": ") << number << " in\n" << words;
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace plumb::zoo
