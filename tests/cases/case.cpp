// SPDX-License-Identifier: Apache-2.0
#include "tests/cases/case.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <sstream>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/diagnose/words/layer_names.h"
#include "plumb/diagnose/words/verdict.h"
#include "plumb/train/run_training.h"

namespace plumb::test {

namespace {

TrainConfig configure(const Case& one) {
  TrainConfig config;
  config.network = one.network;
  std::istringstream words(one.flags);
  for (std::string flag, value; words >> flag >> value;) {
    const Setting* setting = flag.starts_with("--") ? find_setting(flag.substr(2)) : nullptr;
    if (setting == nullptr) throw SpecError(one.name + ": no setting " + flag);
    setting->set(config, value);
  }
  return config;
}

class DiagnosingSink : public RecordSink {
 public:
  void begin(const RunInfo& begun) override {
    info = std::make_unique<RunInfo>(begun);
    diagnosis = std::make_unique<Diagnosis>(*info);
  }
  void grow(const RunInfo& grown) override {
    *info = grown;
    diagnosis->grow(*info);
  }
  void add(const StepRecord& step) override { diagnosis->add(step); }
  void end(const RunEnd& /*end*/) override {}

  std::unique_ptr<RunInfo> info;
  std::unique_ptr<Diagnosis> diagnosis;
};

const Finding* of_rule(const std::vector<Finding>& findings, const std::string& rule) {
  const auto it = std::find_if(findings.begin(), findings.end(),
                               [&](const Finding& finding) { return finding.rule == rule; });
  return it == findings.end() ? nullptr : &*it;
}

void check_first(const CaseRun& run, const Right& right) {
  const std::vector<Finding>& findings = run.diagnosis().findings();
  if (right.rule.empty()) {
    for (const Finding& finding : findings) {
      EXPECT_EQ(to_string(finding.severity), to_string(Severity::note)) << finding.rule;
    }
    return;
  }
  ASSERT_FALSE(findings.empty()) << "expected " << right.rule;
  const Finding& first = findings.front();
  EXPECT_EQ(first.rule, right.rule);
  if (right.severity) {
    EXPECT_EQ(to_string(first.severity), to_string(*right.severity));
  }
  const LayerId layer = layer_at(run.info(), first.place);
  if (right.layer) {
    ASSERT_NE(layer, kNoLayer);
    EXPECT_EQ(run.info().layer(layer).depth, *right.layer);
    EXPECT_EQ(run.info().layer(layer).family, LayerFamily::linear);
  }
  if (!right.path.empty()) {
    ASSERT_NE(layer, kNoLayer);
    EXPECT_EQ(run.info().layer(layer).path, right.path);
  }
  if (right.cause) {
    EXPECT_EQ(to_string(first.cause.kind), to_string(*right.cause));
  }
  if (right.remedy) {
    ASSERT_FALSE(first.remedies.empty());
    EXPECT_EQ(to_string(first.remedies.front().kind), to_string(*right.remedy));
  }
  if (right.did_harm) {
    EXPECT_EQ(first.did_harm, right.did_harm);
  }
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Case& one) {
  return out << one.name << ": \"" << one.network << "\" " << one.flags;
}

CaseRun::CaseRun(const Case& one) {
  const TrainConfig config = configure(one);
  const Split data = one.data ? split_dataset(one.data(), config.data_options())
                              : load_split(config.data, config.data_options());
  Trainer trainer(config, data);
  if (one.start) one.start(trainer.network());
  DiagnosingSink sink;
  run_training(trainer, &sink, {});
  info_ = std::move(sink.info);
  diagnosis_ = std::move(sink.diagnosis);
}

std::string CaseRun::told() const {
  std::ostringstream text;
  text << to_string(diagnosis().outcome()) << ": " << verdict(diagnosis()) << "\n";
  for (const Finding& finding : diagnosis().findings()) {
    text << "  " << finding.rule << ", " << to_string(finding.severity) << " at "
         << place_text(info(), finding.place) << ", cause " << to_string(finding.cause.kind)
         << "\n";
  }
  return text.str();
}

void check(const Case& one) {
  const CaseRun run(one);
  SCOPED_TRACE(run.told());
  const Right& right = one.right;
  if (right.outcome) {
    EXPECT_EQ(to_string(run.diagnosis().outcome()), to_string(*right.outcome));
  }
  check_first(run, right);
  const std::vector<Finding>& findings = run.diagnosis().findings();
  for (const std::string& rule : right.also) {
    EXPECT_NE(of_rule(findings, rule), nullptr) << "also " << rule;
  }
  for (const std::string& rule : right.never) {
    const Finding* finding = of_rule(findings, rule);
    EXPECT_TRUE(finding == nullptr || finding->severity == Severity::note) << "never " << rule;
  }
  const std::string words = verdict(run.diagnosis());
  for (const std::string& part : right.says) {
    EXPECT_NE(words.find(part), std::string::npos) << "says " << part;
  }
  for (const std::string& part : right.says_not) {
    EXPECT_EQ(words.find(part), std::string::npos) << "says not " << part;
  }
}

}  // namespace plumb::test
