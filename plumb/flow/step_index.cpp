// SPDX-License-Identifier: Apache-2.0
#include "plumb/flow/step_index.h"

#include <limits>

namespace plumb {

namespace {

constexpr std::size_t place(std::int32_t id) { return static_cast<std::size_t>(id); }

/// Records of layers that the graph lacks are passed over: check_run names them.
template <class List>
bool is_in(std::int32_t id, const List& list) {
  return id >= 0 && place(id) < list.size();
}

}  // namespace

StepIndex::StepIndex(const RunInfo& info, const StepRecord& step)
    : step_(&step),
      layers_(info.layers.size()),
      params_(info.params.size()),
      symmetries_(info.params.size(), nullptr) {
  for (std::size_t i = info.params.size(); i-- > 0;) {
    const ParamInfo& param = info.params[i];
    if (param.use != ParamUse::weight || param.users.empty()) continue;
    if (is_in(param.users.front(), layers_)) {
      layers_[place(param.users.front())].weight = static_cast<ParamId>(i);
    }
  }
  for (const SketchRecord& record : step.sketches) {
    const auto role = static_cast<std::size_t>(record.site.role);
    if (record.site.is_of_parameter()) {
      if (is_in(record.site.id, params_)) {
        params_[place(record.site.id)][role - static_cast<std::size_t>(Role::weight)] =
            &record.sketch;
      }
    } else if (is_in(record.site.id, layers_) && record.site.output == 0) {
      layers_[place(record.site.id)].sketches[role] = &record.sketch;
    }
  }
  for (const ActivationRecord& record : step.activations) {
    if (is_in(record.layer, layers_)) layers_[place(record.layer)].activation = &record;
  }
  for (const JoinRecord& record : step.joins) {
    if (record.through != kNoLayer) {
      if (is_in(record.through, layers_)) layers_[place(record.through)].join_through = &record;
    } else if (is_in(record.layer, layers_) && record.output == 0) {
      layers_[place(record.layer)].join = &record;
    }
  }
  for (const SymmetryRecord& record : step.symmetries) {
    if (is_in(record.param, symmetries_)) symmetries_[place(record.param)] = &record;
  }
}

const Sketch* StepIndex::find(LayerId layer, Role role) const {
  const OfLayer& of = layers_[place(layer)];
  if (!is_of_parameter(role)) return of.sketches[static_cast<std::size_t>(role)];
  return of.weight == kNoParam ? nullptr : of_param(of.weight, role);
}

const Sketch* StepIndex::of_param(ParamId param, Role role) const {
  return params_[place(param)]
                [static_cast<std::size_t>(role) - static_cast<std::size_t>(Role::weight)];
}

const ActivationRecord* StepIndex::activation(LayerId layer) const {
  return layers_[place(layer)].activation;
}

const JoinRecord* StepIndex::join(LayerId layer) const { return layers_[place(layer)].join; }

const JoinRecord* StepIndex::join_through(LayerId layer) const {
  return layers_[place(layer)].join_through;
}

const SymmetryRecord* StepIndex::symmetry(LayerId layer) const {
  const ParamId weight = layers_[place(layer)].weight;
  return weight == kNoParam ? nullptr : symmetries_[place(weight)];
}

double log2_rms_or_nan(const Sketch* sketch) {
  if (sketch == nullptr || sketch->count == 0 || sketch->nonfinite_count > 0) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return sketch->true_log2_rms();
}

}  // namespace plumb
