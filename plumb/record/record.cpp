// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <tuple>

#include "plumb/record/run.h"
#include "plumb/record/step_metrics.h"

namespace plumb {

namespace {

template <class Records, class Matches>
auto find_one(const Records& records, Matches matches) -> decltype(&records.front()) {
  const auto it = std::find_if(records.begin(), records.end(), matches);
  return it == records.end() ? nullptr : &*it;
}

}  // namespace

const std::string& RunInfo::title() const {
  const auto asked = std::find_if(settings.begin(), settings.end(),
                                  [](const auto& setting) { return setting.first == "network"; });
  return asked == settings.end() || asked->second.empty() ? network : asked->second;
}

bool RunInfo::has_half_gradients() const {
  return std::find(settings.begin(), settings.end(),
                   std::pair<std::string, std::string>("gradients", "float16")) != settings.end();
}

ParamId RunInfo::find_param(LayerId owner, ParamUse use, bool reverse) const {
  for (std::size_t i = 0; i < params.size(); ++i) {
    const ParamInfo& param = params[i];
    if (!param.users.empty() && param.users.front() == owner && param.use == use &&
        param.reverse == reverse) {
      return static_cast<ParamId>(i);
    }
  }
  return kNoParam;
}

std::string RunInfo::name_of(const Site& site) const {
  const auto id = static_cast<std::size_t>(site.id);
  std::string place;
  if (site.is_of_parameter()) {
    place = id < params.size() ? params[id].path : "?";
  } else {
    place = id < layers.size() ? layers[id].path : "?";
    if (site.output != 0) place += ":" + std::to_string(site.output);
  }
  return place + "/" + std::string(to_string(site.role));
}

const Fact* Finding::find(Quantity quantity) const {
  for (const Evidence& one : evidence) {
    if (one.fact.quantity == quantity) return &one.fact;
  }
  if (const Fact* fact = find_one(facts, [&](const Fact& f) { return f.quantity == quantity; })) {
    return fact;
  }
  return find_one(cause.facts, [&](const Fact& fact) { return fact.quantity == quantity; });
}

const double* Remedy::number(std::string_view name) const {
  const Argument* one = find_one(arguments, [&](const Argument& a) { return a.first == name; });
  return one == nullptr ? nullptr : std::get_if<double>(&one->second);
}

const std::string* Remedy::text(std::string_view name) const {
  const Argument* one = find_one(arguments, [&](const Argument& a) { return a.first == name; });
  return one == nullptr ? nullptr : std::get_if<std::string>(&one->second);
}

const JoinWay* JoinRecord::from(LayerId reader) const {
  return find_one(ways, [&](const JoinWay& way) { return way.reader == reader; });
}

StepRecord StepRecord::metrics() const {
  StepRecord result;
  std::apply([&](const auto&... one) { ((result.*one.value = this->*one.value), ...); },
             kStepMetrics);
  return result;
}

const Sketch* StepRecord::find(const Site& site) const {
  const auto* record =
      find_one(sketches, [&](const SketchRecord& one) { return one.site == site; });
  return record == nullptr ? nullptr : &record->sketch;
}

const ActivationRecord* StepRecord::activation(LayerId layer) const {
  return find_one(activations, [&](const ActivationRecord& one) { return one.layer == layer; });
}

const JoinRecord* StepRecord::join(LayerId layer, std::int32_t output, LayerId through) const {
  return find_one(joins, [&](const JoinRecord& one) {
    return one.layer == layer && one.output == output && one.through == through;
  });
}

const TimeRecord* StepRecord::time(LayerId layer, bool reverse) const {
  return find_one(
      times, [&](const TimeRecord& one) { return one.layer == layer && one.reverse == reverse; });
}

const InnerRecord* StepRecord::inner_of(LayerId layer, std::string_view name,
                                        std::optional<Axis> axis) const {
  return find_one(inner, [&](const InnerRecord& one) {
    return one.layer == layer && one.name == name && (!axis || one.axis == *axis);
  });
}

const SymmetryRecord* StepRecord::symmetry(ParamId param) const {
  return find_one(symmetries, [&](const SymmetryRecord& one) { return one.param == param; });
}

std::vector<const StepRecord*> Run::measured() const {
  std::vector<const StepRecord*> result;
  for (const StepRecord& step : steps) {
    if (step.measured) result.push_back(&step);
  }
  return result;
}

}  // namespace plumb
