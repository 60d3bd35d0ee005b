// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "plumb/record/run.h"

namespace plumb {

namespace {

constexpr std::array<std::string_view, 7> kRoleNames{"z",      "a",           "grad_z", "grad_a",
                                                     "weight", "grad_weight", "update"};

template <class Records>
auto find_path(const Records& records, std::string_view path) -> decltype(&records.front()) {
  const auto it = std::find_if(records.begin(), records.end(),
                               [&](const auto& record) { return record.path == path; });
  return it == records.end() ? nullptr : &*it;
}

}  // namespace

std::string_view to_string(Role role) { return kRoleNames[static_cast<std::size_t>(role)]; }

std::optional<Role> parse_role(std::string_view text) {
  const auto it = std::find(kRoleNames.begin(), kRoleNames.end(), text);
  if (it == kRoleNames.end()) return std::nullopt;
  return static_cast<Role>(it - kRoleNames.begin());
}

std::string Site::name() const {
  const std::string place = param.empty() || param == "weight" ? path : path + "." + param;
  return place + "/" + std::string(to_string(role));
}

const char* to_string(Severity severity) {
  switch (severity) {
    case Severity::note: return "note";
    case Severity::warning: return "warning";
    case Severity::critical: return "critical";
  }
  return "unknown";
}

const std::string& RunInfo::title() const {
  const auto asked = std::find_if(settings.begin(), settings.end(),
                                  [](const auto& setting) { return setting.first == "network"; });
  return asked == settings.end() || asked->second.empty() ? network : asked->second;
}

const Sketch* StepRecord::find(const Site& site) const {
  const auto it = std::find_if(sketches.begin(), sketches.end(),
                               [&](const SketchRecord& record) { return record.site == site; });
  return it == sketches.end() ? nullptr : &it->sketch;
}

const Sketch* StepRecord::find(std::string_view path, Role role) const {
  const bool of_parameter =
      role == Role::weight || role == Role::grad_weight || role == Role::update;
  return find(Site{std::string(path), role, of_parameter ? "weight" : ""});
}

const ActivationRecord* StepRecord::activation(std::string_view path) const {
  return find_path(activations, path);
}

const JoinRecord* StepRecord::join(std::string_view path) const { return find_path(joins, path); }

const TimeRecord* StepRecord::time(std::string_view path, bool reverse) const {
  const auto it = std::find_if(times.begin(), times.end(), [&](const TimeRecord& record) {
    return record.path == path && record.reverse == reverse;
  });
  return it == times.end() ? nullptr : &*it;
}

const LayerInfo* Run::layer(std::string_view path) const { return find_path(info.layers, path); }

std::vector<const StepRecord*> Run::measured() const {
  std::vector<const StepRecord*> result;
  for (const auto& step : steps) {
    if (step.measured) result.push_back(&step);
  }
  return result;
}

}  // namespace plumb
