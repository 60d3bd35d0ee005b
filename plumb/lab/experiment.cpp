// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>

#include "plumb/core/error.h"
#include "plumb/nn/spec/nearest.h"

namespace plumb::lab {

namespace {

const Parameter* find(const std::vector<Parameter>& parameters, std::string_view name) {
  const auto found = std::ranges::find(parameters, name, &Parameter::name);
  return found == parameters.end() ? nullptr : &*found;
}

std::string names_of(const std::vector<Parameter>& parameters) {
  std::vector<std::string_view> names;
  for (const Parameter& parameter : parameters) names.push_back(parameter.name);
  return join_names(names);
}

template <class T>
bool read(const std::string& text, T& value) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end && !text.empty();
}

}  // namespace

const char* to_string(Judgement judgement) {
  switch (judgement) {
    case Judgement::right: return "right";
    case Judgement::inexact: return "inexact";
    case Judgement::conditional: return "true under conditions";
    case Judgement::wrong: return "wrong";
  }
  return "";
}

Settings::Settings(std::string_view experiment, std::vector<Parameter> parameters,
                   std::span<const std::pair<std::string, std::string>> given)
    : experiment_(experiment), parameters_(std::move(parameters)), defaults_(parameters_) {
  for (const auto& [name, value] : given) {
    const auto found = std::ranges::find(parameters_, name, &Parameter::name);
    if (found == parameters_.end()) {
      throw SpecError(fmt::format("lab {}: it has no parameter '{}', expected one of {}",
                                  experiment_, name, names_of(parameters_)));
    }
    found->value = value;
  }
}

const std::string& Settings::text(std::string_view name) const {
  const Parameter* const found = find(parameters_, name);
  PLUMB_CHECK(found != nullptr);
  return found->value;
}

std::int64_t Settings::integer(std::string_view name, std::int64_t low, std::int64_t high) const {
  std::int64_t value = 0;
  if (!read(text(name), value) || value < low || value > high) {
    throw SpecError(fmt::format("lab {}: {} is '{}', expected a whole number from {} to {}",
                                experiment_, name, text(name), low, high));
  }
  return value;
}

double Settings::number(std::string_view name, double low, double high) const {
  double value = 0;
  // Also refuses NaN.
  if (!read(text(name), value) || !(value >= low && value <= high)) {
    throw SpecError(fmt::format("lab {}: {} is '{}', expected a number from {} to {}", experiment_,
                                name, text(name), low, high));
  }
  return value;
}

std::uint64_t Settings::seed() const {
  std::uint64_t value = 0;
  if (!read(text("seed"), value)) {
    throw SpecError(fmt::format("lab {}: seed is '{}', expected a whole number of 64 bits",
                                experiment_, text("seed")));
  }
  return value;
}

bool Settings::is_default(std::string_view name) const {
  const Parameter* const found = find(defaults_, name);
  PLUMB_CHECK(found != nullptr);
  return found->value == text(name);
}

const Experiment& find_experiment(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Experiment& experiment : experiments()) {
    if (experiment.name == name) return experiment;
    names.push_back(experiment.name);
  }
  throw SpecError(fmt::format("lab: no experiment is called '{}'{}; expected one of {}", name,
                              did_you_mean(name, names), join_names(names)));
}

Result run(const Experiment& experiment, const Settings& settings) {
  const auto start = std::chrono::steady_clock::now();
  Result result = experiment.run(settings);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

std::string command_line(const Experiment& experiment, const Settings& settings) {
  std::string line = "plumb lab " + experiment.name;
  for (const Parameter& parameter : settings.parameters()) {
    if (!settings.is_default(parameter.name)) {
      line += fmt::format(" --{} {}", parameter.name, parameter.value);
    }
  }
  return line;
}

}  // namespace plumb::lab
