// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plumb/data/dataset.h"
#include "plumb/nn/graph/layer_table.h"
#include "plumb/optim/optimiser.h"

namespace plumb {

/// Everything that defines a training but its data in memory. The same keys name the members on the
/// command line (--lr), in a TOML file (lr = 0.1) and in the settings of a run file; see
/// settings().
struct TrainConfig {
  std::string network;
  /// The caller's own layers, which the network may name beside those of the language. Code, so the
  /// one member that no file keeps.
  std::vector<LayerEntry> own_layers{};
  std::string data = "glyphs";
  std::int64_t limit = 0;
  double validation_fraction = 0.1;
  bool standardise = false;

  std::string init = "pytorch";
  std::string bias_init = "pytorch";
  double gain = 1;
  std::string weights;  ///< NPZ file of initial parameters; empty for none

  std::string loss;  ///< empty: cross_entropy for classes, mse for values
  OptimiserConfig optimiser;
  double learning_rate = 0.1;
  std::string schedule = "constant";
  std::int64_t warmup_steps = 0;
  double clip_norm = 0;   ///< 0: off
  double clip_value = 0;  ///< 0: off

  std::int64_t batch = 32;
  std::int64_t epochs = 1;
  std::int64_t steps = 0;  ///< 0: as many as the epochs have
  bool shuffle = true;
  /// Ends the training when the loss of the validation part has not become smaller for so many
  /// epochs; 0: off.
  std::int64_t patience = 0;
  /// Ends it one step after the loss stopped being a number, which that step measures.
  bool stop_on_nan = false;

  std::uint64_t seed = 0;
  int threads = 1;
  std::string precision = "float";
  std::string record = "log";

  /// Targets are standardised for the loss that a factor on them leaves what it is.
  DataOptions data_options() const {
    return {limit, validation_fraction, standardise, seed, loss.empty() || loss == "mse"};
  }
};

/// The rate that plumb starts with where the user names none: 1e-3 for adam, adamw and rmsprop,
/// whose steps have the size of the rate, 0.1 for sgd. A TrainConfig made in C++ has the latter.
double default_learning_rate(std::string_view optimiser);

/// One member of TrainConfig under its public name.
struct Setting {
  std::string_view key;    ///< "lr"; on the command line --lr
  std::string_view alias;  ///< what others call it: "learning-rate"; or empty
  std::string_view group;  ///< heading in the help: "Network", "Optimiser" ...
  std::string_view value;  ///< what kind of value: "NUMBER", "TEXT", "COUNT", "BOOL"
  std::string_view help;   ///< one sentence
  void (*set)(TrainConfig& config, std::string_view text);  ///< throws SpecError naming the key
  std::string (*get)(const TrainConfig& config);
  bool is_for_steps = false;  ///< means nothing to a probe, which makes no step
};

/// Every setting, in the order of the manual. The one table behind flags, TOML keys and stored
/// settings.
std::span<const Setting> settings();
/// By key or alias.
const Setting* find_setting(std::string_view key);

/// What `precision` may be.
std::span<const std::string_view> precision_names();

/// The name of the table for a popular one: "bce" is "binary_cross_entropy", "cross-entropy" is
/// "cross_entropy", "Adam" is "adam". Other words are returned as they are.
std::string canonical_word(std::string_view word);

/// All settings with their values, as a run file stores them.
std::vector<std::pair<std::string, std::string>> to_settings(const TrainConfig& config);

}  // namespace plumb
