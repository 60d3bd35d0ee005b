// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plumb/diagnose/diagnosis.h"
#include "plumb/diagnose/rule.h"
#include "plumb/diagnose/words/finding_words.h"
#include "plumb/diagnose/words/layer_names.h"

namespace plumb::test {

/// What one rule alone says of a run.
inline std::vector<Finding> findings_of(RuleCheck check, const plumb::Run& run) {
  std::vector<Finding> findings;
  check(RunView(run), findings);
  for (std::size_t i = 0; i < findings.size(); ++i) findings[i].id = static_cast<int>(i);
  return findings;
}

inline const Finding* find_rule(const std::vector<Finding>& findings, std::string_view rule) {
  const auto it = std::find_if(findings.begin(), findings.end(),
                               [&](const Finding& finding) { return finding.rule == rule; });
  return it == findings.end() ? nullptr : &*it;
}

inline bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// The path of the layer at a place; empty where it is none.
inline std::string path_at(const RunInfo& info, const Place& place) {
  const LayerId layer = layer_at(info, place);
  return layer == kNoLayer ? std::string() : info.layer(layer).path;
}

/// The value of a quantity that the finding must have.
inline double value_of(const Finding& finding, Quantity quantity) {
  const Fact* fact = finding.find(quantity);
  return fact == nullptr ? std::numeric_limits<double>::quiet_NaN() : fact->value;
}

inline RemedyKind first_remedy(const Finding& finding) {
  return finding.remedies.empty() ? RemedyKind::none_needed : finding.remedies.front().kind;
}

/// What is known of data of so many samples.
inline DataInfo data_of(std::int64_t samples, std::vector<ColumnInfo> inputs,
                        std::vector<ColumnInfo> targets = {},
                        std::vector<std::int64_t> class_sizes = {}) {
  DataInfo data;
  data.samples = samples;
  data.inputs = std::move(inputs);
  data.targets = std::move(targets);
  data.class_sizes = std::move(class_sizes);
  return data;
}

/// Every finding must be complete enough to be read alone: facts, and words for all of them.
inline bool is_complete(const RunInfo& info, const Finding& finding) {
  const auto filled = [](const std::vector<std::string>& texts, std::size_t count) {
    return texts.size() == count && count > 0 &&
           std::all_of(texts.begin(), texts.end(), [](const std::string& text) {
             // A number that its sentence lacks reads as nan.
             return !text.empty() && text.find("nan") == std::string::npos;
           });
  };
  const FindingWords words = words_of(info, {&finding, 1}, finding);
  return !finding.rule.empty() && finding.first_step <= finding.last_step &&
         filled({words.symptom, words.cause, words.consequence}, 3) &&
         filled(words.evidence_names, finding.evidence.size()) &&
         filled(words.evidence_sources, finding.evidence.size()) &&
         filled(words.remedies, finding.remedies.size());
}

}  // namespace plumb::test
