// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/weights.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/data/npz.h"
#include "plumb/data/safetensors.h"

namespace plumb {

namespace {

/// float <-> double copy; equal types copy the same way. False where a value is not finite, or not
/// so any more.
bool convert(ConstView from, View to) {
  bool all_finite = true;
  dispatch(from.dtype, [&](auto from_zero) {
    dispatch(to.dtype, [&](auto to_zero) {
      using From = decltype(from_zero);
      using To = decltype(to_zero);
      const auto source = from.as<From>();
      std::transform(source.begin(), source.end(), to.as<To>().begin(), [&](From value) {
        // A double beyond the range of float has no float: what the cast would give is undefined.
        const bool fits = std::abs(static_cast<double>(value)) <=
                          static_cast<double>(std::numeric_limits<To>::max());
        all_finite = all_finite && fits;
        return fits ? static_cast<To>(value) : To{};
      });
    });
  });
  return all_finite;
}

/// What plumb itself puts into files beside parameters.
bool is_extra_of_our_own(std::string_view name) {
  constexpr std::array<std::string_view, 9> kPrefixes{"grad/", "out/",        "grad_out/",
                                                      "mask/", "transform/",  "way/",
                                                      "time/", "checkpoint/", "grad_x"};
  return name == "x" || name.ends_with("num_batches_tracked") ||
         std::ranges::any_of(kPrefixes,
                             [&](std::string_view prefix) { return name.starts_with(prefix); });
}

/// What a file of weights holds of a network: parameters, then running statistics.
/// `Any` is Network or const Network.
template <class Any>
auto saved_tensors(Any& network) {
  using Saved = std::remove_reference_t<decltype((network.params()[0]->value))>;
  std::vector<std::pair<std::string, Saved*>> tensors;
  for (std::size_t i = 0; i < network.params().size(); ++i) {
    tensors.emplace_back(network.param_names()[i], &network.params()[i]->value);
  }
  for (std::size_t i = 0; i < network.buffers().size(); ++i) {
    tensors.emplace_back(network.buffer_names()[i], &network.buffers()[i]->value);
  }
  return tensors;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Orders fc2 before fc10: runs of digits by their value.
bool natural_less(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    if (is_digit(a[0]) && is_digit(b[0])) {
      const auto run = [](std::string_view& text) {
        while (text.size() > 1 && text[0] == '0' && is_digit(text[1])) text.remove_prefix(1);
        std::size_t length = 0;
        while (length < text.size() && is_digit(text[length])) ++length;
        const std::string_view digits = text.substr(0, length);
        text.remove_prefix(length);
        return digits;
      };
      const std::string_view x = run(a), y = run(b);
      if (x != y) return std::pair(x.size(), x) < std::pair(y.size(), y);
    } else if (a[0] != b[0]) {
      return a[0] < b[0];
    } else {
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  return a.size() < b.size();
}

/// What a tensor is of its layer: "weight".
std::string role(const std::string& name) { return name.substr(name.rfind('.') + 1); }

using Match = std::vector<const NamedArray*>;

/// For each tensor of the network the array of the same role and shape that comes as many places
/// after the first of them; nothing unless there are as many of each.
std::optional<Match> match_by_order(const std::vector<std::pair<std::string, Tensor*>>& tensors,
                                    const std::vector<NamedArray>& arrays) {
  std::vector<const NamedArray*> order;
  for (const NamedArray& array : arrays) {
    if (role(array.name) != "num_batches_tracked") order.push_back(&array);
  }
  const auto name = [](const NamedArray* array) -> const std::string& { return array->name; };
  // A writer that sorted the names put fc10 before fc2; any other order is that of the layers.
  if (std::ranges::is_sorted(order, {}, name)) {
    std::ranges::stable_sort(order, natural_less, name);
  }
  std::map<std::pair<std::string, std::string>, std::deque<const NamedArray*>> waiting;
  for (const NamedArray* array : order) {
    waiting[{role(array->name), array->value.shape().to_string()}].push_back(array);
  }
  Match match;
  for (const auto& [own_name, tensor] : tensors) {
    auto& candidates = waiting[{role(own_name), tensor->shape().to_string()}];
    if (candidates.empty()) return std::nullopt;
    match.push_back(candidates.front());
    candidates.pop_front();
  }
  if (match.size() != order.size()) return std::nullopt;
  return match;
}

std::string problems_by_name(const std::vector<std::pair<std::string, Tensor*>>& tensors,
                             const std::map<std::string, const NamedArray*>& by_name) {
  std::string problems;
  for (const auto& [name, tensor] : tensors) {
    const Shape& expected = tensor->shape();
    const auto it = by_name.find(name);
    if (it == by_name.end()) {
      problems += "\n  " + name + ": missing, expected shape " + expected.to_string();
    } else if (it->second->value.shape() != expected) {
      problems += "\n  " + name + ": has shape " + it->second->value.shape().to_string() +
                  ", expected " + expected.to_string();
    }
  }
  return problems;
}

std::string list_arrays(const std::vector<NamedArray>& arrays) {
  constexpr std::size_t kMostListed = 20;
  std::string list;
  for (std::size_t i = 0; i < std::min(arrays.size(), kMostListed); ++i) {
    list += (i > 0 ? ", " : "") + arrays[i].name + " " + arrays[i].value.shape().to_string();
  }
  if (arrays.size() > kMostListed) {
    list += " and " + std::to_string(arrays.size() - kMostListed) + " more";
  }
  return list.empty() ? "no array" : list;
}

}  // namespace

std::vector<std::string> load_weights(Network& network, const std::string& path) {
  const std::vector<NamedArray> arrays = read_arrays(path);
  std::map<std::string, const NamedArray*> by_name;
  for (const NamedArray& array : arrays) by_name[array.name] = &array;

  const auto tensors = saved_tensors(network);
  const std::string problems = problems_by_name(tensors, by_name);
  Match match;
  std::vector<std::string> notes;
  if (problems.empty()) {
    for (const auto& [name, tensor] : tensors) match.push_back(by_name.at(name));
  } else if (auto ordered = match_by_order(tensors, arrays)) {
    match = std::move(*ordered);
    std::string note =
        path + ": its names are not those of the network; taken by order and shape: ";
    for (std::size_t i = 0; i < match.size(); ++i) {
      note += (i > 0 ? ", " : "") + match[i]->name + " as " + tensors[i].first;
    }
    notes.push_back(std::move(note));
  } else {
    throw DataError(path + ": does not fit the network" + problems + "\n  the file has " +
                    list_arrays(arrays));
  }
  std::string broken;
  for (std::size_t i = 0; i < match.size(); ++i) {
    if (!convert(match[i]->value.view(), tensors[i].second->view())) {
      broken += "\n  " + match[i]->name;
    }
  }
  if (!broken.empty()) {
    throw DataError(path + ": holds NaN, infinity or a value beyond the range of " +
                    (network.dtype() == DType::f32 ? "float" : "double") +
                    ", expected finite numbers, in" + broken);
  }
  std::string unused;
  for (const NamedArray& array : arrays) {
    if (is_extra_of_our_own(array.name) || std::ranges::count(match, &array) > 0) continue;
    unused += (unused.empty() ? "" : ", ") + array.name + " " + array.value.shape().to_string();
  }
  if (!unused.empty()) {
    notes.push_back(path + ": has more than this network has parameters; not used: " + unused);
  }
  return notes;
}

std::vector<std::pair<std::string, ConstView>> weights_of(const Network& network) {
  std::vector<std::pair<std::string, ConstView>> arrays;
  for (const auto& [name, tensor] : saved_tensors(network)) {
    arrays.emplace_back(name, tensor->view());
  }
  return arrays;
}

void save_weights(const Network& network, const std::string& path) {
  const auto arrays = weights_of(network);
  path.ends_with(".safetensors") ? write_safetensors(path, arrays) : write_npz(path, arrays);
}

}  // namespace plumb
