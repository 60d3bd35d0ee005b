// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/ledger_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "plumb/flow/ledger.h"
#include "plumb/flow/time_ledger.h"
#include "tests/report/sample_runs.h"

namespace plumb {
namespace {

using Json = nlohmann::json;

Json json_of(const plumb::Run& run, std::size_t measured = 0) {
  return Json::parse(ledger_json(run.info, *run.measured().at(measured)));
}

TEST(LedgerJsonTest, KeepsEveryBit) {
  const plumb::Run run = test::sick_run();
  const Ledger ledger = make_ledger(run.info, *run.measured().front());
  const Json json = json_of(run);
  EXPECT_EQ(json["total"].get<double>(), ledger.total);
  EXPECT_EQ(json["log2_loss_gradient"].get<double>(), ledger.log2_loss_gradient);
  ASSERT_EQ(json["entries"].size(), ledger.entries.size());
  for (std::size_t i = 0; i < ledger.entries.size(); ++i) {
    const LedgerEntry& entry = ledger.entries[i];
    EXPECT_EQ(json["entries"][i]["path"], run.info.layer(entry.layer).path);
    EXPECT_EQ(json["entries"][i]["attenuation"].get<double>(), entry.attenuation);
    ASSERT_EQ(json["entries"][i]["parts"].size(), entry.parts.size()) << entry.layer;
    for (const LedgerPart& part : entry.parts) {
      EXPECT_EQ(json["entries"][i]["parts"][std::string(to_string(part.cause))].get<double>(),
                part.log2);
    }
  }
}

TEST(LedgerJsonTest, SaysWhereTheBooksEnd) {
  const Json last = json_of(test::nasty_run(), test::nasty_run().measured().size() - 1);
  EXPECT_NE(last["ends_at"], "");
  EXPECT_NE(last["ends_because"], "");
}

TEST(LedgerJsonTest, HasTheBooksThroughTime) {
  const plumb::Run run = test::time_run();
  const StepRecord& step = *run.measured().front();
  const TimeLedger ledger = make_time_ledger(run.info, step, step.times.at(0));
  const Json time = json_of(run)["time"];
  ASSERT_EQ(time.size(), step.times.size());
  EXPECT_EQ(time[0]["kept"].get<double>(), ledger.kept);
  ASSERT_EQ(time[0]["steps"].size(), ledger.steps.size());
  EXPECT_EQ(time[0]["steps"][3]["t"], ledger.steps[3].t);
  EXPECT_EQ(time[0]["steps"][3]["parts"]["gate_carry"].get<double>(),
            ledger.steps[3].part(TimeCause::gate_carry));
  EXPECT_NE(ledger.steps[3].part(TimeCause::gate_carry), 0);
}

}  // namespace
}  // namespace plumb
