// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "plumb/record/finding.h"
#include "plumb/train/config.h"

namespace plumb {

/// What a rewrite may ask about the training beside its settings. Unknown is absent.
struct CureFacts {
  /// The gradient's norm in an ordinary step, where one was measured: what clipping is set by.
  std::optional<double> usual_gradient_norm;
  bool is_classification = true;
  std::int64_t samples = 0;  ///< of the training part; 0: not known
};

/// A training that is to be changed.
struct Patient {
  TrainConfig config;
  CureFacts facts;
};

/// The changed training, or why the rewrite does not apply to this one.
struct Rewritten {
  std::optional<TrainConfig> config;
  std::string why_not;

  static Rewritten to(TrainConfig changed) { return {std::move(changed), {}}; }
  static Rewritten refuse(std::string why) { return {std::nullopt, std::move(why)}; }
};

/// What kind of thing a rewrite changes: what --keep protects and --only asks for.
enum class CureGroup : std::uint8_t {
  init,
  activation,
  joins,
  norm,
  depth,
  gates,
  output,
  data,
  rate,
  optimiser,
  clipping,
  decay,
  dropout,
  batch
};
std::string_view to_string(CureGroup group);
std::optional<CureGroup> parse_cure_group(std::string_view text);
std::span<const std::string_view> cure_group_names();
/// Start, activation, joins or normalisation: what the reach of the gradient is predicted for.
bool changes_reach(CureGroup group);

using CureArguments = std::vector<Remedy::Argument>;

/// A change of a training, by name. It knows nothing of rules or findings. Its own header says what
/// it does, when it applies, what it should bring and from where.
struct RewriteEntry {
  std::string_view id;  ///< "initialise": stable
  CureGroup group = CureGroup::init;
  std::string_view summary;  ///< one line for the help and the documents
  /// How much of the training it changes, for "the smallest change first": 1 a number of the
  /// trainer, 2 the start, 3 the data or the optimiser, 4 layers of the network.
  int size = 1;
  Rewritten (*apply)(const Patient& patient, const CureArguments& arguments);
};

/// All rewrites, in the order of docs/cure.md (rewrite_table.cpp).
std::span<const RewriteEntry> rewrite_table();
/// Null if there is none of that name.
const RewriteEntry* find_rewrite(std::string_view id);

/// An argument by name; null if it was not given or is of the other kind.
const double* number_of(const CureArguments& arguments, std::string_view name);
const std::string* text_of(const CureArguments& arguments, std::string_view name);

}  // namespace plumb
