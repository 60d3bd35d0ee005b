// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plumb/lab/result.h"

namespace plumb::lab {

/// The claims are those of a well-known tutorial, Sleeba Paul, "Vanishing Gradients", whose figure
/// 1 comes from Michael Nielsen, "Neural Networks and Deep Learning", chapter 5.

enum class Judgement : std::uint8_t { right, inexact, conditional, wrong };
const char* to_string(
    Judgement judgement);  ///< "right", "inexact", "true under conditions", "wrong"

/// One statement of the tutorial; the numbers are those of docs/claims.md.
struct Claim {
  int number = 0;
  std::string said;  ///< in our words
  Judgement judgement = Judgement::right;
  std::string truth;  ///< what the experiment shows instead, or also
};

/// What can be changed on the command line: "depth", default "10".
struct Parameter {
  std::string name;
  std::string value;
  std::string help;
};

/// The values of an experiment's parameters.
class Settings {
 public:
  /// Errors  SpecError for a name that the experiment does not have (the message lists those it has).
  Settings(std::string_view experiment, std::vector<Parameter> parameters,
           std::span<const std::pair<std::string, std::string>> given);

  const std::vector<Parameter>& parameters() const { return parameters_; }
  /// Errors  SpecError naming the parameter, what was given and the range; std::logic_error for a name
  ///         that the experiment did not declare.
  std::int64_t integer(std::string_view name, std::int64_t low, std::int64_t high) const;
  double number(std::string_view name, double low, double high) const;
  const std::string& text(std::string_view name) const;
  std::uint64_t seed() const;
  /// Whether it has its default: some published numbers hold for that alone.
  bool is_default(std::string_view name) const;

 private:
  std::string experiment_;
  std::vector<Parameter> parameters_;
  std::vector<Parameter> defaults_;
};

/// One experiment of the lab: a pure function from settings to a result.
///
/// Everything it reports is measured when it runs, with the engine; numbers it compares with come
/// from closed forms, papers or other programs, and say so.
struct Experiment {
  std::string name;  ///< on the command line: "identity"
  std::string title;
  std::string question;  ///< one or two sentences: what the tutorial has and what is asked
  std::vector<Claim> claims;
  std::vector<Parameter> parameters;
  Result (*run)(const Settings& settings) = nullptr;
};

/// All experiments in the order of the tutorial. Defined in lab_table.cpp.
const std::vector<Experiment>& experiments();
/// Errors  SpecError naming the experiments, the nearest one first.
const Experiment& find_experiment(std::string_view name);

/// Runs it and takes the time.
/// Errors  SpecError for settings that make no sense.
Result run(const Experiment& experiment, const Settings& settings);

/// The command line that repeats it: "plumb lab identity --seed 3"; defaults are left out.
std::string command_line(const Experiment& experiment, const Settings& settings);

}  // namespace plumb::lab
