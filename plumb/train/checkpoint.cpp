// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/data/npz.h"
#include "plumb/data/safetensors.h"
#include "plumb/train/weights.h"

namespace plumb {

namespace {

constexpr const char* kFirst = "checkpoint/first/";
constexpr const char* kSecond = "checkpoint/second/";
constexpr const char* kSteps = "checkpoint/steps";
constexpr const char* kSettings = "checkpoint/settings";

Tensor from_text(const std::string& text) {
  Tensor tensor({static_cast<std::int64_t>(text.size())}, DType::f64);
  std::ranges::transform(text, tensor.as<double>().begin(),
                         [](char c) { return static_cast<double>(static_cast<unsigned char>(c)); });
  return tensor;
}

std::string to_text(const Tensor& tensor) {
  std::string text;
  dispatch(tensor.dtype(), [&](auto zero) {
    for (const auto value : tensor.as<decltype(zero)>()) text += static_cast<char>(value);
  });
  return text;
}

const NamedArray* find(const std::vector<NamedArray>& arrays, const std::string& name) {
  const auto it = std::ranges::find(arrays, name, &NamedArray::name);
  return it == arrays.end() ? nullptr : &*it;
}

/// The state of a parameter each, or a line of `problems`.
void fill(const std::vector<Tensor*>& state, const std::string& prefix,
          const std::vector<std::string>& names, const std::vector<NamedArray>& arrays,
          std::string& problems) {
  const auto of_kind = std::ranges::count_if(
      arrays, [&](const NamedArray& array) { return array.name.starts_with(prefix); });
  if (static_cast<std::size_t>(of_kind) != state.size()) {
    problems +=
        fmt::format("\n  {}: of {} parameters, expected of {}: another optimiser or network",
                    prefix, of_kind, state.size());
    return;
  }
  for (std::size_t i = 0; i < state.size(); ++i) {
    const NamedArray* const array = find(arrays, prefix + names[i]);
    if (array == nullptr || array->value.shape() != state[i]->shape() ||
        array->value.dtype() != state[i]->dtype()) {
      problems += fmt::format("\n  {}{}: {}, expected shape {}", prefix, names[i],
                              array == nullptr ? "missing" : "of another shape or precision",
                              state[i]->shape().to_string());
      continue;
    }
    dispatch(state[i]->dtype(), [&](auto zero) {
      using T = decltype(zero);
      std::ranges::copy(array->value.as<T>(), state[i]->as<T>().begin());
    });
  }
}

bool is_plain(const std::string& value) {
  if (value == "true" || value == "false") return true;
  const bool digits = value.find_first_not_of("+-0123456789.eE") == value.npos;
  // TOML's whole numbers end at 2^63, and ".5" and "1." are none of its numbers.
  const bool starts_well = !value.empty() && value.front() >= '0' && value.front() <= '9';
  const bool has_leading_zero = value.size() > 1 && value[0] == '0' && value[1] != '.';
  return digits && starts_well && value.back() >= '0' && value.back() <= '9' && value.size() < 19 &&
         !has_leading_zero;
}

std::string quoted(const std::string& value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      text += fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    } else {
      text += c;
    }
  }
  return text + '"';
}

}  // namespace

std::string to_toml(const std::vector<std::pair<std::string, std::string>>& settings) {
  std::string text;
  for (const auto& [key, value] : settings) {
    if (value.empty()) continue;
    text += fmt::format("{} = {}\n", key, is_plain(value) ? value : quoted(value));
  }
  return text;
}

void save_checkpoint(Trainer& trainer, const std::string& path) {
  auto arrays = weights_of(trainer.network());
  const OptimiserState state = trainer.optimiser_state();
  const auto names = trainer.network().param_names();
  for (const auto& [prefix, tensors] :
       {std::pair(kFirst, &state.first), {kSecond, &state.second}}) {
    for (std::size_t i = 0; i < tensors->size(); ++i) {
      arrays.emplace_back(prefix + names[i], std::as_const(*(*tensors)[i]).view());
    }
  }
  Tensor steps({1}, DType::f64);
  steps.as<double>()[0] = static_cast<double>(trainer.step_count());
  const Tensor settings = from_text(to_toml(to_settings(trainer.config())));
  arrays.emplace_back(kSteps, std::as_const(steps).view());
  arrays.emplace_back(kSettings, settings.view());
  write_npz(path, arrays);
}

std::optional<std::string> checkpoint_settings(const std::string& path) {
  const std::vector<NamedArray> arrays = read_arrays(path);
  const NamedArray* const settings = find(arrays, kSettings);
  if (settings == nullptr) return std::nullopt;
  return to_text(settings->value);
}

void resume(Trainer& trainer, const std::string& path) {
  const std::vector<NamedArray> arrays = read_arrays(path);
  const NamedArray* const steps = find(arrays, kSteps);
  if (steps == nullptr || steps->value.size() != 1) {
    throw DataError(path + ": is no checkpoint, expected what --checkpoint writes");
  }
  double made = 0;
  dispatch(steps->value.dtype(),
           [&](auto zero) { made = static_cast<double>(steps->value.as<decltype(zero)>()[0]); });
  if (!(made >= 0 && made < 9e15)) {
    throw DataError(fmt::format("{}: damaged checkpoint: made after {} steps", path, made));
  }
  load_weights(trainer.network(), path);
  OptimiserState state = trainer.resume_at(static_cast<std::int64_t>(made));
  if (made == 0) return;  // the optimiser had no state yet
  const auto param_names = trainer.network().param_names();
  const std::vector<std::string> names(param_names.begin(), param_names.end());
  std::string problems;
  fill(state.first, kFirst, names, arrays, problems);
  fill(state.second, kSecond, names, arrays, problems);
  if (!problems.empty()) {
    throw DataError(path + ": is the checkpoint of another training" + problems);
  }
}

}  // namespace plumb
