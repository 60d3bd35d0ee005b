// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <string>

#include "plumb/core/time_quantity.h"
#include "plumb/diagnose/words/layer_names.h"
#include "plumb/record/finding.h"

/// The parts of FindingWords, each in its source.
namespace plumb::words {

struct Telling {
  const RunInfo& info;
  const LayerNames& names;
  const Finding& finding;

  const Fact* fact(Quantity quantity) const { return finding.find(quantity); }
  bool has(Quantity quantity) const { return fact(quantity) != nullptr; }
  /// NaN if the finding lacks it.
  double value(Quantity quantity) const {
    const Fact* one = fact(quantity);
    return one == nullptr ? std::numeric_limits<double>::quiet_NaN() : one->value;
  }
  long long count(Quantity quantity) const {
    return has(quantity) ? static_cast<long long>(value(quantity)) : 0;
  }
  /// Where it was measured.
  std::string where(Quantity quantity) const {
    const Fact* one = fact(quantity);
    return names.where(one == nullptr ? finding.place : one->place);
  }
  /// The kind of the layer there, or `otherwise`.
  std::string kind_at(const Place& place, const char* otherwise) const {
    const LayerId layer = layer_at(info, place);
    return layer == kNoLayer || info.layer(layer).kind.empty() ? otherwise : info.layer(layer).kind;
  }
};

/// By rule; empty for a rule that is not known.
std::string symptom(const Telling& telling);
std::string consequence(const Telling& telling);
/// By kind of cause, without what it follows from.
std::string cause(const Telling& telling);
/// Of a cause that is what the trainer does to the update; empty for others.
std::string trainer_cause(const Telling& telling);
/// By quantity.
std::string evidence_name(const Telling& telling, const Evidence& evidence);
std::string evidence_source(const Telling& telling, const Evidence& evidence);
/// By kind of remedy.
std::string remedy(const Telling& telling, const Remedy& remedy);

/// "the forget gate", "the state h".
const char* gate_text(TimeQuantity gate);
/// Of the finding's fact Quantity::gate.
TimeQuantity gate_of(const Telling& telling);

}  // namespace plumb::words
