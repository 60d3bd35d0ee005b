// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "plumb/core/json_number.h"
#include "plumb/cure/setting_change.h"
#include "plumb/cure/sweep.h"

namespace plumb {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return json_number<Json>(value); }

std::string number_text(double value) {
  return std::isfinite(value) ? fmt::format("{:.9g}", value) : std::string();
}

std::vector<std::string> rules_of(const ArmTraining& training) {
  std::vector<std::string> rules;
  for (const Finding& finding : training.findings) {
    if (finding.severity < Severity::warning || finding.is_explained() || finding.over) continue;
    if (std::find(rules.begin(), rules.end(), finding.rule) == rules.end()) {
      rules.push_back(finding.rule);
    }
  }
  return rules;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

bool is_trained(const SweepPoint& point) {
  return point.problem.empty() && point.training.finished;
}

std::string outcome_text(const SweepPoint& point) {
  return is_trained(point) ? std::string(to_string(point.training.outcome)) : std::string();
}

std::string combination_text(const std::vector<SweepPoint>& points, std::size_t first,
                             std::size_t end) {
  std::vector<double> scores;
  double reach = 0;
  int reaches = 0;
  for (std::size_t i = first; i < end; ++i) {
    if (!points[i].problem.empty()) return points[i].problem;
    const ArmTraining& training = points[i].training;
    if (!training.finished) continue;
    scores.push_back(training.score);
    if (!training.log2_reach || !std::isfinite(*training.log2_reach)) continue;
    reach += *training.log2_reach;
    ++reaches;
  }
  if (scores.empty()) return "not finished";
  double mean = 0;
  for (const double score : scores) mean += score / static_cast<double>(scores.size());
  const auto [least, most] = std::minmax_element(scores.begin(), scores.end());
  std::string text = fmt::format("score {:.4f}", mean);
  if (scores.size() > 1) text += fmt::format(" [{:.4f}, {:.4f}]", *least, *most);
  if (reaches > 0) text += fmt::format("; reach at the start 2^{:.1f}", reach / reaches);
  if (scores.size() < end - first)
    text += fmt::format("; {} of {} seeds", scores.size(), end - first);
  return text;
}

}  // namespace

std::string sweep_csv(const std::vector<SweepAxis>& axes, const std::vector<SweepPoint>& points) {
  std::string text;
  for (const SweepAxis& axis : axes) text += csv_field(axis.name) + ",";
  text += "seed,score,loss,log2_reach,outcome,rules,problem\n";
  for (const SweepPoint& point : points) {
    const ArmTraining& training = point.training;
    for (const std::string& value : point.values) text += csv_field(value) + ",";
    const bool trained = is_trained(point);
    text += fmt::format(
        "{},{},{},{},{},{},{}\n", training.seed, trained ? number_text(training.score) : "",
        trained ? number_text(training.loss) : "",
        training.log2_reach ? number_text(*training.log2_reach) : "", outcome_text(point),
        fmt::join(rules_of(training), ";"), csv_field(point.problem));
  }
  return text;
}

std::string sweep_json(const std::vector<SweepAxis>& axes, const std::vector<SweepPoint>& points) {
  Json listed = Json::array();
  for (const SweepAxis& axis : axes) {
    listed.push_back({{"name", axis.name}, {"values", axis.values}});
  }
  Json all = Json::array();
  for (const SweepPoint& point : points) {
    const ArmTraining& training = point.training;
    Json values = Json::object();
    for (std::size_t a = 0; a < axes.size(); ++a) values[axes[a].name] = point.values[a];
    TrainConfig config = point.config;
    config.seed = training.seed;
    const bool trained = is_trained(point);
    all.push_back(
        {{"values", std::move(values)},
         {"seed", training.seed},
         {"score", trained ? number(training.score) : Json(nullptr)},
         {"loss", trained ? number(training.loss) : Json(nullptr)},
         {"log2_reach", training.log2_reach ? number(*training.log2_reach) : Json(nullptr)},
         {"outcome", trained ? Json(outcome_text(point)) : Json(nullptr)},
         {"rules", rules_of(training)},
         {"finished", trained},
         {"problem", point.problem},
         {"command", train_command(config)}});
  }
  return Json{{"axes", std::move(listed)}, {"points", std::move(all)}}.dump(
      2, ' ', false, Json::error_handler_t::replace);
}

std::vector<std::string> sweep_lines(const std::vector<SweepAxis>& axes,
                                     const std::vector<SweepPoint>& points) {
  std::vector<std::size_t> widths;
  for (const SweepAxis& axis : axes) {
    widths.push_back(axis.name.size());
    for (const std::string& value : axis.values) {
      widths.back() = std::max(widths.back(), value.size());
    }
  }
  std::vector<std::string> lines(1);
  for (std::size_t a = 0; a < axes.size(); ++a) {
    lines.front() += fmt::format("{:<{}}  ", axes[a].name, widths[a]);
  }
  for (std::size_t first = 0; first < points.size();) {
    std::size_t end = first + 1;
    while (end < points.size() && points[end].values == points[first].values) ++end;
    std::string line;
    for (std::size_t a = 0; a < axes.size(); ++a) {
      line += fmt::format("{:<{}}  ", points[first].values[a], widths[a]);
    }
    lines.push_back(line + combination_text(points, first, end));
    first = end;
  }
  return lines;
}

}  // namespace plumb
