// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>

#include "plumb/core/error.h"
#include "plumb/nn/loss.h"
#include "plumb/nn/spec/nearest.h"
#include "plumb/observe/record_schedule.h"

namespace plumb {

namespace {

template <class T>
bool read_whole(std::string_view text, T& value) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end;
}

/// "1e5" is a whole number too, as long as double holds it exactly.
template <class T>
bool read_count(std::string_view text, T& value) {
  if (read_whole(text, value)) return true;
  constexpr double kExact = 9007199254740992.0;  // 2^53
  double real = 0;
  const double most = std::min(kExact, static_cast<double>(std::numeric_limits<T>::max()));
  if (!read_whole(text, real) || !(real >= 0 && real <= most) || real != std::floor(real)) {
    return false;
  }
  value = static_cast<T>(real);
  return true;
}

template <class T>
T parse_number(std::string_view key, std::string_view text) {
  T value{};
  if constexpr (std::is_floating_point_v<T>) {
    if (read_whole(text, value) && std::isfinite(value)) return value;
    throw SpecError(fmt::format("{}: '{}', expected a number", key, text));
  } else {
    if (read_count(text, value)) return value;
    const bool is_number = !text.empty() && text.find_first_not_of("+-0123456789.eE") == text.npos;
    throw SpecError(fmt::format("{}: '{}', expected a whole number{}", key, text,
                                is_number
                                    ? fmt::format(" up to {}", std::numeric_limits<T>::max()) +
                                          (std::is_unsigned_v<T> ? ", not below 0" : "")
                                    : ""));
  }
}

bool parse_bool(std::string_view key, std::string_view text) {
  if (text == "true" || text == "1" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "0" || text == "no" || text == "off") return false;
  throw SpecError(fmt::format("{}: '{}', expected true or false", key, text));
}

template <class T>
T at_least(std::string_view key, T value, T least) {
  if (value < least)
    throw SpecError(fmt::format("{}: {}, expected at least {}", key, value, least));
  return value;
}

std::string one_of(std::string_view key, std::string_view text,
                   std::span<const std::string_view> allowed) {
  if (std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
    throw SpecError(fmt::format("{}: '{}', expected {}{}", key, text, fmt::join(allowed, ", "),
                                did_you_mean(text, allowed)));
  }
  return std::string(text);
}

/// More than machines have; so that a slip of the hand starts no thousands of them.
constexpr int kMaxThreads = 1024;

constexpr std::array<std::string_view, 2> kPrecisions{"float", "double"};

using C = TrainConfig;
using Text = std::string_view;

/// Captureless lambdas for the table; KEY appears in every message, MEMBER is what it sets.
#define PLUMB_TEXT(MEMBER) \
  [](C& c, Text t) { c.MEMBER = std::string(t); }, [](const C& c) { return c.MEMBER; }
#define PLUMB_BOOL(KEY, MEMBER)                        \
  [](C& c, Text t) { c.MEMBER = parse_bool(KEY, t); }, \
      [](const C& c) { return std::string(c.MEMBER ? "true" : "false"); }
#define PLUMB_NUMBER(KEY, MEMBER, LEAST)                                         \
  [](C& c, Text t) {                                                             \
    using T = decltype(c.MEMBER);                                                \
    c.MEMBER = at_least<T>(KEY, parse_number<T>(KEY, t), static_cast<T>(LEAST)); \
  },                                                                             \
      [](const C& c) { return fmt::format("{}", c.MEMBER); }

/// A name of a table, by whatever popular word.
#define PLUMB_NAME(MEMBER) \
  [](C& c, Text t) { c.MEMBER = canonical_word(t); }, [](const C& c) { return c.MEMBER; }

constexpr bool kForSteps = true;

constexpr auto kSettings = std::to_array<Setting>({
    {"network", "", "Network", "TEXT", "the network, in the network language", PLUMB_TEXT(network)},
    {"init", "", "Network", "NAME", "initialiser of the weights ('plumb layers' lists them)",
     PLUMB_TEXT(init)},
    {"bias-init", "", "Network", "NAME", "initialiser of the biases", PLUMB_TEXT(bias_init)},
    {"gain", "", "Network", "NUMBER", "multiplies what the weight initialiser gives",
     PLUMB_NUMBER("gain", gain, 0)},
    {"weights", "", "Network", "FILE",
     "start from these parameters: NPZ or safetensors with torch state-dict names",
     PLUMB_TEXT(weights)},
    {"data", "", "Data", "SOURCE",
     "mnist:DIR, csv:FILE?label=COLUMN, npz:FILE, safetensors:FILE, folder:DIR, glyphs, spirals, "
     "teacher, adding or copy",
     PLUMB_TEXT(data)},
    {"limit", "", "Data", "COUNT", "use the first COUNT samples only; 0 for all",
     PLUMB_NUMBER("limit", limit, 0)},
    {"validation", "validation-split", "Data", "FRACTION", "part of the samples that is held out",
     [](C& c, Text t) {
       c.validation_fraction = parse_number<double>("validation", t);
       if (c.validation_fraction < 0 || c.validation_fraction >= 1) {
         throw SpecError(fmt::format("validation: {}, expected at least 0 and below 1", t));
       }
     },
     [](const C& c) { return fmt::format("{}", c.validation_fraction); }},
    {"standardise", "standardize", "Data", "BOOL",
     "shift and scale each column of x, and the targets of mse, to mean 0 and deviation 1",
     PLUMB_BOOL("standardise", standardise)},
    {"batch", "batch-size", "Training", "COUNT", "samples of one step",
     PLUMB_NUMBER("batch", batch, 1)},
    {"epochs", "", "Training", "COUNT", "passes over the training data",
     PLUMB_NUMBER("epochs", epochs, 1), kForSteps},
    {"steps", "", "Training", "COUNT", "stop after this many steps instead; 0 for whole epochs",
     PLUMB_NUMBER("steps", steps, 0), kForSteps},
    {"shuffle", "", "Training", "BOOL", "draw a new order each epoch",
     PLUMB_BOOL("shuffle", shuffle)},
    {"loss", "", "Training", "NAME",
     "cross_entropy, binary_cross_entropy, mse or difference; by default cross_entropy for classes "
     "and mse for values",
     PLUMB_NAME(loss)},
    {"optimiser", "optimizer", "Training", "NAME", "sgd, rmsprop, adam or adamw",
     PLUMB_NAME(optimiser.name), kForSteps},
    {"lr", "learning-rate", "Training", "NUMBER",
     "learning rate; by default 0.1, and 0.001 with rmsprop, adam and adamw",
     PLUMB_NUMBER("lr", learning_rate, 0), kForSteps},
    {"schedule", "", "Training", "TEXT", "constant, step:EVERY,FACTOR or cosine[:FINAL_FRACTION]",
     PLUMB_TEXT(schedule), kForSteps},
    {"warmup", "", "Training", "STEPS", "linear warm-up over this many steps",
     PLUMB_NUMBER("warmup", warmup_steps, 0), kForSteps},
    {"momentum", "", "Training", "NUMBER", "of sgd",
     PLUMB_NUMBER("momentum", optimiser.momentum, 0), kForSteps},
    {"nesterov", "", "Training", "BOOL", "Nesterov momentum",
     PLUMB_BOOL("nesterov", optimiser.nesterov), kForSteps},
    {"weight-decay", "wd", "Training", "NUMBER", "times the weight, added to the gradient",
     PLUMB_NUMBER("weight-decay", optimiser.weight_decay, 0), kForSteps},
    {"decoupled", "", "Training", "BOOL", "weight decay past the optimiser (always so for adamw)",
     PLUMB_BOOL("decoupled", optimiser.decoupled), kForSteps},
    {"decay-bias", "", "Training", "BOOL", "weight decay on biases too",
     PLUMB_BOOL("decay-bias", optimiser.decay_bias), kForSteps},
    {"rho", "", "Training", "NUMBER", "of rmsprop", PLUMB_NUMBER("rho", optimiser.rho, 0),
     kForSteps},
    {"beta1", "", "Training", "NUMBER", "of adam and adamw",
     PLUMB_NUMBER("beta1", optimiser.beta1, 0), kForSteps},
    {"beta2", "", "Training", "NUMBER", "of adam and adamw",
     PLUMB_NUMBER("beta2", optimiser.beta2, 0), kForSteps},
    {"eps", "", "Training", "NUMBER", "of rmsprop, adam and adamw",
     PLUMB_NUMBER("eps", optimiser.eps, 0), kForSteps},
    {"clip-norm", "", "Training", "NUMBER", "clip the gradient to this norm; 0 for off",
     PLUMB_NUMBER("clip-norm", clip_norm, 0), kForSteps},
    {"clip-value", "", "Training", "NUMBER", "clip every gradient element to this size; 0 for off",
     PLUMB_NUMBER("clip-value", clip_value, 0), kForSteps},
    {"patience", "", "Training", "COUNT",
     "stop when the validation loss has not become smaller for so many epochs; 0 for off",
     PLUMB_NUMBER("patience", patience, 0), kForSteps},
    {"stop-on-nan", "", "Training", "BOOL", "stop when the loss is not a number any more",
     PLUMB_BOOL("stop-on-nan", stop_on_nan), kForSteps},
    {"seed", "", "Machine", "NUMBER", "of initialisation, data and shuffling",
     PLUMB_NUMBER("seed", seed, 0)},
    {"threads", "", "Machine", "COUNT", "threads that share a step",
     [](C& c, Text t) {
       c.threads = at_least("threads", parse_number<int>("threads", t), 1);
       if (c.threads > kMaxThreads) {
         throw SpecError(fmt::format("threads: {}, expected at most {}", c.threads, kMaxThreads));
       }
     },
     [](const C& c) { return fmt::format("{}", c.threads); }},
    {"precision", "", "Machine", "NAME", "float (fast kernels) or double (reference kernels)",
     [](C& c, Text t) { c.precision = one_of("precision", canonical_word(t), kPrecisions); },
     [](const C& c) { return c.precision; }},
    {"record", "", "Measurement", "WHEN",
     "when to measure: log (at log-spaced steps), every=K, or off",
     [](C& c, Text t) { c.record = RecordSchedule::parse(t).to_string(); },
     [](const C& c) { return c.record; }, kForSteps},
});

#undef PLUMB_NAME
#undef PLUMB_TEXT
#undef PLUMB_BOOL
#undef PLUMB_NUMBER

struct PopularWord {
  std::string_view popular;
  std::string_view name;
};
constexpr auto kPopularWords = std::to_array<PopularWord>({
    {"bce", "binary_cross_entropy"},
    {"bce_with_logits", "binary_cross_entropy"},
    {"binary_crossentropy", "binary_cross_entropy"},
    {"ce", "cross_entropy"},
    {"crossentropy", "cross_entropy"},
    {"categorical_crossentropy", "cross_entropy"},
    {"sparse_categorical_crossentropy", "cross_entropy"},
    {"mean_squared_error", "mse"},
    {"l2", "mse"},
    {"rms_prop", "rmsprop"},
    {"adam_w", "adamw"},
    {"float32", "float"},
    {"fp32", "float"},
    {"single", "float"},
    {"float64", "double"},
    {"fp64", "double"},
});

}  // namespace

std::string canonical_word(std::string_view word) {
  std::string plain;
  for (const char c : word) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    plain += c == '-' ? '_' : is_upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  for (const PopularWord& entry : kPopularWords) {
    if (entry.popular == plain) return std::string(entry.name);
  }
  const auto is_name = [&](auto names) { return std::ranges::find(names, plain) != names.end(); };
  const bool is_known = is_name(optimiser_names()) || is_name(loss_names()) ||
                        is_name(std::span<const std::string_view>(kPrecisions));
  return is_known ? plain : std::string(word);
}

double default_learning_rate(std::string_view optimiser) {
  const bool has_own_scale = optimiser.starts_with("adam") || optimiser == "rmsprop";
  return has_own_scale ? 1e-3 : TrainConfig{}.learning_rate;
}

std::span<const Setting> settings() { return kSettings; }

std::span<const std::string_view> precision_names() { return kPrecisions; }

const Setting* find_setting(std::string_view key) {
  const auto it = std::find_if(kSettings.begin(), kSettings.end(), [&](const Setting& setting) {
    return setting.key == key || (!key.empty() && setting.alias == key);
  });
  return it == kSettings.end() ? nullptr : &*it;
}

std::vector<std::pair<std::string, std::string>> to_settings(const TrainConfig& config) {
  std::vector<std::pair<std::string, std::string>> result;
  result.reserve(std::size(kSettings));
  for (const Setting& setting : kSettings) {
    result.emplace_back(std::string(setting.key), setting.get(config));
  }
  return result;
}

}  // namespace plumb
