// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <regex>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "plumb/diagnose/diagnosis.h"
#include "plumb/diagnose/rule.h"
#include "plumb/diagnose/words/finding_words.h"
#include "plumb/diagnose/words/sizes.h"
#include "plumb/diagnose/words/verdict.h"

namespace plumb::test {

/// The numbers that stand beside a verdict, in every form in which words write one.
class ShownNumbers {
 public:
  explicit ShownNumbers(const Diagnosis& diagnosis) {
    const RunInfo& info = diagnosis.view().info();
    for (const Finding& finding : diagnosis.findings()) add(finding);
    for (const LayerInfo& layer : info.layers) add_count(layer.depth);
    add_learning(diagnosis.view());
    add_count(static_cast<double>(info.classes));
    if (info.classes > 0) add(1.0 / static_cast<double>(info.classes));
    add_count(static_cast<double>(diagnosis.view().measured().size()));
    add_count(static_cast<double>(rule_table().size()));
    for (const MeasuredStep& step : diagnosis.view().measured()) {
      add_count(static_cast<double>(step.step));
      add(step.flow.log2_total);
      for (const TimeFlow& time : step.times) {
        add(time.log2_kept);
        add_count(static_cast<double>(time.steps));
      }
    }
  }
  bool has(const std::string& number) const { return forms_.contains(number); }

 private:
  static double value_in(const Finding& finding, Quantity quantity) {
    const Fact* fact = finding.find(quantity);
    return fact == nullptr ? std::nan("") : fact->value;
  }
  void add(const Finding& finding) {
    add_count(static_cast<double>(finding.first_step));
    add_count(static_cast<double>(finding.last_step));
    for (const Evidence& one : finding.evidence) add(one.fact.value);
    for (const Fact& one : finding.facts) add(one.value);
    for (const Fact& one : finding.cause.facts) add(one.value);
    add_derived(finding);
    add(finding.cause.share);
    for (const Remedy& remedy : finding.remedies) {
      for (const auto& [name, value] : remedy.arguments) {
        if (const double* number = std::get_if<double>(&value)) add(*number);
      }
    }
  }
  /// What a sentence works out from the facts, each by its one definition.
  void add_derived(const Finding& finding) {
    const auto value = [&](Quantity quantity) { return value_in(finding, quantity); };
    add(value(Quantity::memory_steps) + 1);
    add(value(Quantity::units) - value(Quantity::duplicate_units));
    add(-value(Quantity::shift_in_deviations));           // that many below zero
    add(-1 / value(Quantity::gate_carry_log2_per_step));  // steps until half is gone
    add(value(Quantity::recurrent_weight_log2_per_step) +
        value(Quantity::recurrent_alignment_log2_per_step));
    if (finding.find(Quantity::critical_gain) != nullptr) {
      add(std::log2(value(Quantity::critical_gain)));
    }
  }
  void add_learning(const RunView& view) {
    const Learning learning = view.learning();
    for (const double value :
         {learning.at_first, learning.at_last, learning.best, learning.reference,
          learning.baseline_accuracy, static_cast<double>(learning.steps),
          static_cast<double>(learning.best_step)}) {
      add(value);
    }
    if (const auto& validation = view.losses().last_validation()) {
      add(validation->accuracy);
      add_count(static_cast<double>(validation->step + 1));
    }
  }
  void add_count(double value) { forms_.insert(fmt::format("{:.0f}", value)); }
  void add(double value) {
    if (!std::isfinite(value)) return;
    for (const char* form : {"{:.2g}", "{:.3g}", "{:.4g}", "{:.0f}"}) {
      forms_.insert(fmt::format(fmt::runtime(form), value));
    }
    for (const std::string& text :
         {size_text(value), size_text(-value), percent_text(value), loss_text(value)}) {
      forms_.insert(text.substr(0, text.find(' ')));
    }
  }

  std::set<std::string> forms_;
};

/// Numbers that belong to the language, not to the run: what a rule calls flat, what a remedy
/// names.
inline bool is_of_the_language(const std::string& number, const std::string& before) {
  static const std::set<std::string> kConstants{"5",  // of the largest slope: kSaturatedDerivative
                                                "1.21", "0",  "1",
                                                "2.2",  "100"};  // Learning::kEnoughSteps
  const bool is_year = number.size() == 4 && (number.starts_with("19") || number.starts_with("20"));
  return is_year || kConstants.contains(number) || before.ends_with("1/sqrt(") ||
         before.ends_with("rnn ") || before.ends_with("lstm ") || before.ends_with("gru ");
}

/// The numbers of a text that are neither shown nor of the language. A number begins a word or
/// stands alone; "log2" and "conv 3x3" hold none.
inline std::vector<std::string> numbers_not_shown(const std::string& words,
                                                  const ShownNumbers& shown) {
  static const std::regex kNumber(R"((^|[^\w.])(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)(?![\w]))");
  std::vector<std::string> unknown;
  for (auto it = std::sregex_iterator(words.begin(), words.end(), kNumber);
       it != std::sregex_iterator(); ++it) {
    const std::string before = words.substr(0, static_cast<std::size_t>(it->position(2)));
    const std::string found = (*it)[2];
    if (!shown.has(found) && !is_of_the_language(found, before)) unknown.push_back(found);
  }
  return unknown;
}

/// All sentences of a diagnosis: the verdict, and of each finding what shows, why and what of it.
inline std::vector<std::string> sentences_of(const Diagnosis& diagnosis) {
  std::vector<std::string> sentences{verdict(diagnosis)};
  const std::vector<Finding>& findings = diagnosis.findings();
  for (const Finding& finding : findings) {
    const FindingWords words = words_of(diagnosis.view().info(), findings, finding);
    for (const std::string& text : {words.symptom, words.cause, words.consequence}) {
      sentences.push_back(text);
    }
  }
  return sentences;
}

}  // namespace plumb::test
