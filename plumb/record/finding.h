// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "plumb/record/finding_kinds.h"
#include "plumb/record/site.h"

namespace plumb {

enum class Severity : std::uint8_t { note, warning, critical };
std::string_view to_string(Severity severity);
std::optional<Severity> parse_severity(std::string_view text);

/// Where in a network something is.
struct Place {
  enum class Of : std::uint8_t { network, layer, parameter, loss };
  Of of = Of::network;
  std::int32_t id = -1;      ///< of the layer or the parameter
  std::optional<Role> role;  ///< of the tensor there, where one is meant
  bool reverse = false;      ///< of a recurrent layer: its second direction

  static Place layer(LayerId id, std::optional<Role> role = {}) {
    return {Of::layer, id, role, false};
  }
  static Place param(ParamId id, std::optional<Role> role = {}) {
    return {Of::parameter, id, role, false};
  }
  static Place loss() { return {Of::loss, -1, {}, false}; }
  bool is_layer() const { return of == Of::layer; }
  friend bool operator==(const Place&, const Place&) = default;
};
std::string_view to_string(Place::Of of);
std::optional<Place::Of> parse_place_of(std::string_view text);

/// One number that a finding rests on.
struct Fact {
  Quantity quantity = Quantity::count;
  double value = 0;
  Place place;      ///< what it was measured at
  Place reference;  ///< and against, where it is a ratio
  friend bool operator==(const Fact&, const Fact&) = default;
};

/// A number that was judged. Where its threshold comes from is said by the words of its quantity.
struct Evidence {
  Fact fact;
  double threshold = 0;
  friend bool operator==(const Evidence&, const Evidence&) = default;
};

/// Which factor, of the chain rule or of what stands around it, did it.
struct FindingCause {
  CauseKind kind = CauseKind::unknown;
  Place place;
  double share = 1;         ///< of the whole, 0..1 or more where something else makes up for some
  std::vector<Fact> facts;  ///< the numbers that show it
  friend bool operator==(const FindingCause&, const FindingCause&) = default;
};

/// A change that should help.
struct Remedy {
  using Argument = std::pair<std::string, std::variant<double, std::string>>;
  RemedyKind kind = RemedyKind::look_closer;
  Place target;
  std::vector<Argument> arguments;             ///< {"gain", 1.41}, {"activation", "tanh"}
  std::optional<double> predicted_log2_reach;  ///< where theory or a probe says what it gives

  const double* number(std::string_view name) const;
  const std::string* text(std::string_view name) const;
  friend bool operator==(const Remedy&, const Remedy&) = default;
};

/// One diagnosed problem, as facts. The sentences that people read are made from them, last
/// (diagnose/words); nothing searches sentences.
struct Finding {
  int id = 0;        ///< unique in its run
  std::string rule;  ///< "vanishing_gradient": stable, stored
  Severity severity = Severity::warning;
  Place place;                  ///< where it begins
  std::int64_t first_step = 0;  ///< the first recorded step that shows it
  std::int64_t last_step = 0;   ///< the last one that does
  bool over = false;            ///< later steps could tell, and no longer show it
  std::vector<Evidence> evidence;
  std::vector<Fact> facts;  ///< further numbers that its sentences need
  FindingCause cause;
  std::optional<int> explained_by;  ///< the id of the finding that it follows from
  std::optional<bool> did_harm;     ///< to what the network learned; absent: not known
  std::vector<Remedy> remedies;     ///< the one that fits the cause best first

  bool is_explained() const { return explained_by.has_value(); }
  /// Of its evidence and its facts; null if it has none of that quantity.
  const Fact* find(Quantity quantity) const;
  friend bool operator==(const Finding&, const Finding&) = default;
};

}  // namespace plumb
