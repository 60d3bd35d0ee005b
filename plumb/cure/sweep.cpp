// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cmath>
#include <exception>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/cure/tasks.h"

namespace plumb {

namespace {

constexpr std::size_t kMostValues = 10000;
constexpr std::size_t kMostTrainings = 1000000;

std::vector<std::string> split_at(std::string_view text, char by) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0;;) {
    const std::size_t end = std::min(text.find(by, begin), text.size());
    parts.emplace_back(text.substr(begin, end - begin));
    if (end == text.size()) return parts;
    begin = end + 1;
  }
}

std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

/// The values of FIRST:LAST:STEP; nothing where the text is no range.
std::optional<std::vector<std::string>> range_of(const std::string& text) {
  const std::vector<std::string> parts = split_at(text, ':');
  if (parts.size() != 3) return std::nullopt;
  const bool multiplies = parts[2].starts_with('x');
  const auto first = number_in(parts[0]), last = number_in(parts[1]);
  const auto step = number_in(std::string_view(parts[2]).substr(multiplies ? 1 : 0));
  if (!first || !last || !step) return std::nullopt;
  constexpr double kSlack = 1e-9;
  const double steps =
      multiplies ? std::log(*last / *first) / std::log(*step) : (*last - *first) / *step;
  if (!std::isfinite(steps) || steps < -kSlack || steps >= static_cast<double>(kMostValues)) {
    throw SpecError(
        fmt::format("axis: '{}' has {} values, expected a range FIRST:LAST:STEP or "
                    "FIRST:LAST:xFACTOR that reaches LAST in less than {} steps",
                    text, std::isfinite(steps) && steps >= 0 ? "too many" : "no", kMostValues));
  }
  std::vector<std::string> values;
  for (int k = 0; k <= static_cast<int>(std::floor(steps + kSlack)); ++k) {
    const double value = multiplies ? *first * std::pow(*step, k) : *first + k * *step;
    values.push_back(fmt::format("{:.12g}", value));
  }
  return values;
}

bool replace_all(std::string& text, const std::string& what, const std::string& by) {
  bool found = false;
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
    found = true;
  }
  return found;
}

/// The texts of a configuration that may hold words in braces.
std::vector<std::string*> texts_of(TrainConfig& config) {
  return {&config.network,   &config.data,    &config.init,
          &config.bias_init, &config.weights, &config.schedule};
}

void apply(TrainConfig& config, const SweepAxis& axis, const std::string& value) {
  bool found = false;
  for (std::string* const text : texts_of(config)) {
    found = replace_all(*text, "{" + axis.name + "}", value) || found;
  }
  const Setting* const setting = find_setting(axis.name);
  if (setting != nullptr && !found) {
    try {
      setting->set(config, value);
    } catch (const SpecError& error) {
      throw SpecError(fmt::format("axis {}: {}", axis.name, error.what()));
    }
  } else if (!found) {
    throw SpecError(fmt::format(
        "axis: '{0}' is no setting and stands nowhere as {{{0}}}, expected one of the two",
        axis.name));
  }
}

void check_braces(const TrainConfig& config) {
  TrainConfig copy = config;
  for (const std::string* const text : texts_of(copy)) {
    const std::size_t open = text->find('{');
    if (open == std::string::npos) continue;
    throw SpecError(fmt::format("sweep: {} in '{}' has no axis of this name",
                                text->substr(open, text->find('}', open) - open + 1), *text));
  }
}

std::vector<SweepPoint> grid_of(const TrainConfig& base, const std::vector<SweepAxis>& axes,
                                const SweepOptions& options) {
  std::set<std::string> names;
  std::size_t count = static_cast<std::size_t>(std::max(1, options.seeds));
  for (const SweepAxis& axis : axes) {
    if (!names.insert(axis.name).second) {
      throw SpecError("axis: '" + axis.name + "' is there twice");
    }
    count *= axis.values.size();
    if (count > kMostTrainings) {
      throw SpecError(fmt::format("sweep: more than {} trainings", kMostTrainings));
    }
  }
  std::vector<SweepPoint> points(count);
  for (std::size_t i = 0; i < count; ++i) {
    SweepPoint& point = points[i];
    point.config = base;
    std::size_t rest = i / static_cast<std::size_t>(std::max(1, options.seeds));
    point.values.resize(axes.size());
    for (std::size_t a = axes.size(); a-- > 0;) {
      point.values[a] = axes[a].values[rest % axes[a].values.size()];
      rest /= axes[a].values.size();
    }
    for (std::size_t a = 0; a < axes.size(); ++a) apply(point.config, axes[a], point.values[a]);
    check_braces(point.config);
    point.training.seed =
        point.config.seed + i % static_cast<std::size_t>(std::max(1, options.seeds));
    point.training.score = std::numeric_limits<double>::quiet_NaN();
  }
  return points;
}

struct Loaded {
  std::unique_ptr<CureData> data;
  std::string problem;
};

std::map<std::string, Loaded> load_all(const std::vector<SweepPoint>& points) {
  std::map<std::string, Loaded> all;
  for (const SweepPoint& point : points) {
    const auto [it, is_new] = all.try_emplace(data_key(point.config));
    if (!is_new) continue;
    try {
      it->second.data = std::make_unique<CureData>(point.config);
    } catch (const std::exception& error) {
      it->second.problem = error.what();
    }
  }
  return all;
}

void train(SweepPoint& point, const CureSplit& data, std::size_t place,
           const TrainingMaker& maker) {
  const std::string name = fmt::format("point {}", place);
  try {
    point.training = make_training(maker, name, point.config, point.training.seed, data);
  } catch (const std::exception& error) {
    point.problem = error.what();
  }
}

}  // namespace

SweepAxis parse_sweep_axis(std::string_view text) {
  const std::size_t equal = text.find('=');
  if (equal == std::string_view::npos || equal == 0 || equal + 1 == text.size()) {
    throw SpecError("axis: '" + std::string(text) +
                    "', expected NAME=VALUE,VALUE,... or NAME=FIRST:LAST:STEP");
  }
  SweepAxis axis{std::string(text.substr(0, equal)), {}};
  for (const std::string& part : split_at(text.substr(equal + 1), ',')) {
    if (part.empty()) throw SpecError("axis: '" + std::string(text) + "' has an empty value");
    if (auto range = range_of(part)) {
      axis.values.insert(axis.values.end(), range->begin(), range->end());
    } else {
      axis.values.push_back(part);
    }
  }
  if (axis.values.size() > kMostValues) {
    throw SpecError(fmt::format("axis: '{}' has more than {} values", axis.name, kMostValues));
  }
  return axis;
}

std::vector<SweepPoint> sweep(const TrainConfig& base, const std::vector<SweepAxis>& axes,
                              const SweepOptions& options) {
  std::vector<SweepPoint> points = grid_of(base, axes, options);
  const std::map<std::string, Loaded> loaded = load_all(points);
  const TrainingMaker maker{options.log, options.sink, options.keep_going, options.elsewhere};
  std::atomic<std::size_t> done{0};
  run_tasks(points.size(), options.jobs, [&](std::size_t i) {
    const Loaded& source = loaded.at(data_key(points[i].config));
    if (source.data) {
      train(points[i], source.data->given(), i, maker);
    } else {
      points[i].problem = source.problem;
    }
    if (options.progress) options.progress(++done, points.size());
  });
  return points;
}

}  // namespace plumb
