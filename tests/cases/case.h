// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plumb/data/dataset.h"
#include "plumb/diagnose/diagnosis.h"
#include "plumb/nn/graph/network.h"
#include "plumb/record/run.h"
#include "plumb/train/config.h"

namespace plumb::test {

/// What must be said of a run. Absent and empty members are not asked for, but that `rule` without
/// a name asks for no finding above a note.
struct Right {
  std::optional<Outcome> outcome = {};
  std::string rule = {};                  ///< of the first finding
  std::optional<Severity> severity = {};  ///< of that finding, as the rest
  std::optional<int> layer = {};          ///< as words count: the linear layer of that depth
  std::string path = {};                  ///< of its layer, where it is no linear one
  std::optional<CauseKind> cause = {};
  std::optional<RemedyKind> remedy = {};  ///< the first one
  std::optional<bool> did_harm = {};
  std::vector<std::string> also = {};   ///< rules that must be found too, at any severity
  std::vector<std::string> never = {};  ///< rules that must not be found above a note
  std::vector<std::string> says = {};   ///< parts of the verdict
  std::vector<std::string> says_not = {};
};

/// One training, as a user would start it, and what is right to say of it.
struct Case {
  std::string name;     ///< letters, digits and underscores: "A1_relu_on_the_output"
  std::string network;  ///< in the network language
  std::string flags;    ///< of `plumb train`: "--lr 0.5 --steps 300"
  Right right = {};
  /// Where the data have no text of their own; from flags otherwise.
  std::function<Dataset()> data = {};
  /// Changes the network before the first step.
  std::function<void(Network&)> start = {};
};
std::ostream& operator<<(std::ostream& out, const Case& one);

/// Shorthands of the flags that many cases share.
inline const std::string kHe = " --init he_normal --bias-init zeros";
inline const std::string kAdam = " --optimiser adam --lr 1e-3";
inline const std::string kShort = " --batch 64 --steps 300";

/// A finished training with its diagnosis; the steps themselves are not kept.
class CaseRun {
 public:
  /// Errors  those of Trainer; SpecError for a flag that there is not.
  explicit CaseRun(const Case& one);
  const RunInfo& info() const { return *info_; }
  const Diagnosis& diagnosis() const { return *diagnosis_; }
  /// Outcome, verdict and findings, for the message of a failed test.
  std::string told() const;

 private:
  std::unique_ptr<RunInfo> info_;
  std::unique_ptr<Diagnosis> diagnosis_;
};

/// Trains, and adds a failure to the running test for each thing that is not as it should be.
void check(const Case& one);

}  // namespace plumb::test

/// Every case of a list as a test of its own:
///   PLUMB_CASES(OutcomeCases, plumb::test::outcome_cases())
#define PLUMB_CASES(suite, list)                                     \
  class suite : public testing::TestWithParam<plumb::test::Case> {}; \
  TEST_P(suite, IsToldRight) { plumb::test::check(GetParam()); }     \
  INSTANTIATE_TEST_SUITE_P(                                          \
      All, suite, testing::ValuesIn(list),                           \
      [](const testing::TestParamInfo<plumb::test::Case>& one) { return one.param.name; })
