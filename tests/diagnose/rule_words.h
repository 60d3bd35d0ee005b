// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

#include "tests/diagnose/rule_test.h"
#include "tests/support/mini_net.h"

namespace plumb::test {

/// Small words with which a test of a rule reads aloud:
///
///   on(healthy).is_silent(check_dead_units);
///   on(sick).finds(check_dead_units).at_layer("3").because(CauseKind::silent_from_start);
///
/// What is not so is a failure of the line that says it, and the words after it still speak.
using Here = std::source_location;

/// The one finding of a rule. Without one, which has failed already, it says nothing more.
class Found {
 public:
  Found(const plumb::Run& run, std::optional<Finding> finding)
      : run_(&run), finding_(std::move(finding)) {}

  const Found& at_layer(std::string_view path, Here here = Here::current()) const {
    const std::string is = finding_ ? path_at(run_->info, finding_->place) : "";
    return expect(is == path, "at layer \"" + is + "\"", here);
  }
  const Found& is(Severity severity, Here here = Here::current()) const {
    return expect(finding_ && finding_->severity == severity, "of another severity", here);
  }
  const Found& in_steps(std::int64_t first, std::int64_t last, Here here = Here::current()) const {
    const bool is = finding_ && finding_->first_step == first && finding_->last_step == last;
    return expect(is, "in steps " + steps(), here);
  }
  const Found& from_step(std::int64_t first, Here here = Here::current()) const {
    return expect(finding_ && finding_->first_step == first, "in steps " + steps(), here);
  }
  const Found& is_over(Here here = Here::current()) const {
    return expect(finding_ && finding_->over, "not over", here);
  }
  const Found& because(CauseKind kind, Here here = Here::current()) const {
    return expect(finding_ && finding_->cause.kind == kind, "for another cause", here);
  }
  const Found& not_because(CauseKind kind, Here here = Here::current()) const {
    return expect(finding_ && finding_->cause.kind != kind, "for that very cause", here);
  }
  const Found& by_share(double share, double tolerance, Here here = Here::current()) const {
    return near("a cause of share", finding_ ? finding_->cause.share : share, share, tolerance,
                here);
  }
  /// What the rule judges by, and where its limit is.
  const Found& measures(double value, double tolerance = 0, Here here = Here::current()) const {
    return near("evidence of", finding_ ? finding_->evidence.at(0).fact.value : value, value,
                tolerance, here);
  }
  const Found& beyond(double threshold, double tolerance = 0, Here here = Here::current()) const {
    return near("a threshold of", finding_ ? finding_->evidence.at(0).threshold : threshold,
                threshold, tolerance, here);
  }
  const Found& has(Quantity quantity, double value, double tolerance = 0,
                   Here here = Here::current()) const {
    return near("a quantity of", finding_ ? value_of(*finding_, quantity) : value, value, tolerance,
                here);
  }
  const Found& has_less_than(Quantity quantity, double limit, Here here = Here::current()) const {
    const double is = finding_ ? value_of(*finding_, quantity) : limit;
    return expect(is < limit, "with a quantity of " + std::to_string(is), here);
  }
  const Found& has_more_than(Quantity quantity, double limit, Here here = Here::current()) const {
    const double is = finding_ ? value_of(*finding_, quantity) : limit;
    return expect(is > limit, "with a quantity of " + std::to_string(is), here);
  }
  const Found& advises(RemedyKind kind, Here here = Here::current()) const {
    return expect(finding_ && first_remedy(*finding_) == kind, "with another first remedy", here);
  }
  const Found& with(std::string_view argument, double value, double tolerance = 0,
                    Here here = Here::current()) const {
    const auto* is = finding_ && !finding_->remedies.empty()
                         ? finding_->remedies.front().number(argument)
                         : nullptr;
    return near(argument, is == nullptr ? std::nan("") : *is, value, tolerance, here);
  }
  const Found& with(std::string_view argument, std::string_view value,
                    Here here = Here::current()) const {
    const auto* is = finding_ && !finding_->remedies.empty()
                         ? finding_->remedies.front().text(argument)
                         : nullptr;
    return expect(is != nullptr && *is == value, "with another " + std::string(argument), here);
  }
  /// Words that its consequence is told in.
  const Found& says(std::string_view part, Here here = Here::current()) const {
    const std::string text =
        finding_ ? words_of(run_->info, {&*finding_, 1}, *finding_).consequence : "";
    return expect(contains(text, part), "with \"" + text + "\"", here);
  }

 private:
  const Found& expect(bool holds, const std::string& is, const Here& here) const {
    if (finding_ && !holds) {
      ADD_FAILURE_AT(here.file_name(), static_cast<int>(here.line()))
          << finding_->rule << " is found " << is;
    }
    return *this;
  }
  const Found& near(std::string_view what, double is, double value, double tolerance,
                    const Here& here) const {
    return expect(is == value || std::abs(is - value) <= tolerance,
                  "with " + std::string(what) + " " + std::to_string(is) + ", expected " +
                      std::to_string(value),
                  here);
  }
  std::string steps() const {
    return finding_
               ? std::to_string(finding_->first_step) + " to " + std::to_string(finding_->last_step)
               : "";
  }

  const plumb::Run* run_;  ///< outlives the line
  std::optional<Finding> finding_;
};

/// What rules say of one run.
class On {
 public:
  explicit On(plumb::Run run) : run_(std::move(run)) {}

  void is_silent(RuleCheck check, Here here = Here::current()) const {
    for (const Finding& finding : findings_of(check, run_)) {
      ADD_FAILURE_AT(here.file_name(), static_cast<int>(here.line()))
          << finding.rule << " is found, in steps " << finding.first_step << " to "
          << finding.last_step;
    }
  }
  /// Exactly one, complete enough to be read alone.
  Found finds(RuleCheck check, Here here = Here::current()) const {
    const std::vector<Finding> findings = findings_of(check, run_);
    const bool is_one = findings.size() == 1;
    if (!is_one || !is_complete(run_.info, findings.front())) {
      ADD_FAILURE_AT(here.file_name(), static_cast<int>(here.line()))
          << findings.size() << " findings" << (is_one ? ", not complete" : "");
    }
    return {run_, is_one ? std::optional(findings.front()) : std::nullopt};
  }
  const plumb::Run& run() const { return run_; }

 private:
  plumb::Run run_;
};

inline On on(plumb::Run run) { return On(std::move(run)); }
inline On on(const MiniSpec& spec) { return On(run_mini_net(spec)); }

/// A chain of so many layers of sigmoids, from Glorot's start.
inline MiniSpec sigmoid(int depth) {
  MiniSpec spec;
  spec.activation = "sigmoid";
  spec.gain = 1;
  spec.depth = depth;
  return spec;
}

/// Of relus, whose weights are so many times as large as He's.
inline MiniSpec relu(int depth, double times_he = 1) {
  MiniSpec spec;
  spec.gain = times_he * std::sqrt(2.0);
  spec.depth = depth;
  return spec;
}

}  // namespace plumb::test
