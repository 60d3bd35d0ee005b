// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <type_traits>

#include "plumb/core/error.h"
#include "plumb/observe/record_schedule.h"

namespace plumb {

namespace {

template <class T>
T parse_number(std::string_view key, std::string_view text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  bool usable = error == std::errc() && stop == end;
  if constexpr (std::is_floating_point_v<T>) usable = usable && std::isfinite(value);
  if (!usable) {
    throw SpecError(fmt::format("{}: '{}', expected {}", key, text,
                                std::is_floating_point_v<T> ? "a number" : "a whole number"));
  }
  return value;
}

bool parse_bool(std::string_view key, std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
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
    throw SpecError(fmt::format("{}: '{}', expected {}", key, text, fmt::join(allowed, ", ")));
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

constexpr auto kSettings = std::to_array<Setting>({
    {"network", "Network", "TEXT", "the network, in the network language", PLUMB_TEXT(network)},
    {"init", "Network", "NAME", "initialiser of the weights ('plumb layers' lists them)",
     PLUMB_TEXT(init)},
    {"bias-init", "Network", "NAME", "initialiser of the biases", PLUMB_TEXT(bias_init)},
    {"gain", "Network", "NUMBER", "multiplies what the weight initialiser gives",
     PLUMB_NUMBER("gain", gain, 0)},
    {"weights", "Network", "FILE",
     "start from these parameters: NPZ or safetensors with torch state-dict names",
     PLUMB_TEXT(weights)},
    {"data", "Data", "SOURCE",
     "mnist:DIR, csv:FILE?label=COLUMN, npz:FILE, safetensors:FILE, folder:DIR, glyphs, spirals, "
     "teacher, adding or copy",
     PLUMB_TEXT(data)},
    {"limit", "Data", "COUNT", "use the first COUNT samples only; 0 for all",
     PLUMB_NUMBER("limit", limit, 0)},
    {"validation", "Data", "FRACTION", "part of the samples that is held out",
     [](C& c, Text t) {
       c.validation_fraction = parse_number<double>("validation", t);
       if (c.validation_fraction < 0 || c.validation_fraction >= 1) {
         throw SpecError(fmt::format("validation: {}, expected at least 0 and below 1", t));
       }
     },
     [](const C& c) { return fmt::format("{}", c.validation_fraction); }},
    {"standardise", "Data", "BOOL",
     "shift and scale each column of x, and the targets of mse, to mean 0 and deviation 1",
     PLUMB_BOOL("standardise", standardise)},
    {"batch", "Training", "COUNT", "samples of one step", PLUMB_NUMBER("batch", batch, 1)},
    {"epochs", "Training", "COUNT", "passes over the training data",
     PLUMB_NUMBER("epochs", epochs, 1)},
    {"steps", "Training", "COUNT", "stop after this many steps instead; 0 for whole epochs",
     PLUMB_NUMBER("steps", steps, 0)},
    {"shuffle", "Training", "BOOL", "draw a new order each epoch", PLUMB_BOOL("shuffle", shuffle)},
    {"loss", "Training", "NAME",
     "cross_entropy, binary_cross_entropy, mse or difference; empty: by the data",
     PLUMB_TEXT(loss)},
    {"optimiser", "Training", "NAME", "sgd, rmsprop, adam or adamw", PLUMB_TEXT(optimiser.name)},
    {"lr", "Training", "NUMBER", "learning rate", PLUMB_NUMBER("lr", learning_rate, 0)},
    {"schedule", "Training", "TEXT", "constant, step:EVERY,FACTOR or cosine[:FINAL_FRACTION]",
     PLUMB_TEXT(schedule)},
    {"warmup", "Training", "STEPS", "linear warm-up over this many steps",
     PLUMB_NUMBER("warmup", warmup_steps, 0)},
    {"momentum", "Training", "NUMBER", "of sgd", PLUMB_NUMBER("momentum", optimiser.momentum, 0)},
    {"nesterov", "Training", "BOOL", "Nesterov momentum",
     PLUMB_BOOL("nesterov", optimiser.nesterov)},
    {"weight-decay", "Training", "NUMBER", "times the weight, added to the gradient",
     PLUMB_NUMBER("weight-decay", optimiser.weight_decay, 0)},
    {"decoupled", "Training", "BOOL", "weight decay past the optimiser (always so for adamw)",
     PLUMB_BOOL("decoupled", optimiser.decoupled)},
    {"decay-bias", "Training", "BOOL", "weight decay on biases too",
     PLUMB_BOOL("decay-bias", optimiser.decay_bias)},
    {"rho", "Training", "NUMBER", "of rmsprop", PLUMB_NUMBER("rho", optimiser.rho, 0)},
    {"beta1", "Training", "NUMBER", "of adam and adamw", PLUMB_NUMBER("beta1", optimiser.beta1, 0)},
    {"beta2", "Training", "NUMBER", "of adam and adamw", PLUMB_NUMBER("beta2", optimiser.beta2, 0)},
    {"eps", "Training", "NUMBER", "of rmsprop, adam and adamw",
     PLUMB_NUMBER("eps", optimiser.eps, 0)},
    {"clip-norm", "Training", "NUMBER", "clip the gradient to this norm; 0 for off",
     PLUMB_NUMBER("clip-norm", clip_norm, 0)},
    {"clip-value", "Training", "NUMBER", "clip every gradient element to this size; 0 for off",
     PLUMB_NUMBER("clip-value", clip_value, 0)},
    {"seed", "Machine", "NUMBER", "of initialisation, data and shuffling",
     PLUMB_NUMBER("seed", seed, 0)},
    {"threads", "Machine", "COUNT", "threads that share a step",
     [](C& c, Text t) {
       c.threads = at_least("threads", parse_number<int>("threads", t), 1);
       if (c.threads > kMaxThreads) {
         throw SpecError(fmt::format("threads: {}, expected at most {}", c.threads, kMaxThreads));
       }
     },
     [](const C& c) { return fmt::format("{}", c.threads); }},
    {"precision", "Machine", "NAME", "float (fast kernels) or double (reference kernels)",
     [](C& c, Text t) { c.precision = one_of("precision", t, kPrecisions); },
     [](const C& c) { return c.precision; }},
    {"record", "Measurement", "WHEN", "measure at log-spaced steps, every=K, or off",
     [](C& c, Text t) { c.record = RecordSchedule::parse(t).to_string(); },
     [](const C& c) { return c.record; }},
});

#undef PLUMB_TEXT
#undef PLUMB_BOOL
#undef PLUMB_NUMBER

}  // namespace

std::span<const Setting> settings() { return kSettings; }

std::span<const std::string_view> precision_names() { return kPrecisions; }

const Setting* find_setting(std::string_view key) {
  const auto it = std::find_if(kSettings.begin(), kSettings.end(),
                               [&](const Setting& setting) { return setting.key == key; });
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
