// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "plumb/zoo/draw.h"
#include "plumb/zoo/specimen.h"

namespace plumb::zoo {

/// Where a fault stands. Healthy kinds have the family whose faults they come nearest to.
enum class Family : std::uint8_t { flow, signal, trainer, data, output, norm, time };
std::string_view to_string(Family family);
std::optional<Family> parse_family(std::string_view text);

/// What is known of a kind, since it was built so. Of a healthy one nothing: `rules` is empty.
struct Truth {
  /// Rules whose names are right; the first is the one that a reader would choose. More than one
  /// where one fault has two names for the same thing.
  std::vector<std::string_view> rules = {};
  /// CauseKinds that are right.
  std::vector<std::string_view> causes = {};
  /// Whether one step shows it: it is wrong before training begins, by what is measured and not by
  /// what is configured.
  bool at_start = false;
  /// Whether a change of network, start or trainer mends it; not where the data lack what is asked.
  bool curable = true;
};

/// Thresholds are set by what the open half shows; what is reported is the unseen half.
enum class Half : std::uint8_t { open, unseen };
std::string_view to_string(Half half);
std::optional<Half> parse_half(std::string_view text);

/// A kind of network of known truth.
struct Kind {
  std::string_view name;  ///< "sigmoid_depth"; stable
  Family family = Family::flow;
  std::string_view summary;  ///< one line: what is wrong, or why it looks so and is not
  Truth truth;
  /// Draws a specimen; without `fault` its twin, alike in everything else.
  Specimen (*build)(Draw& draw, bool fault) = nullptr;
  bool sets_rules = false;  ///< made while rules were set: of the open half, whatever its name

  bool is_healthy() const { return truth.rules.empty(); }
};

/// All kinds: the sick ones by family, then the healthy ones.
std::span<const Kind> kinds();
/// Errors  UsageError naming the nearest one.
const Kind& find_kind(std::string_view name);
/// Which half a kind belongs to: drawn from its name, so that neither an author's hand nor a new
/// kind beside it moves one; open, where it was made to set rules by.
Half half_of(const Kind& kind);

/// The specimen of a seed, or its twin. A healthy kind's twin is itself.
Specimen make_specimen(const Kind& kind, std::uint64_t seed, bool twin = false);

}  // namespace plumb::zoo
