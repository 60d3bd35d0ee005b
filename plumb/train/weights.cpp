// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/weights.h"

#include <algorithm>
#include <map>

#include "plumb/core/error.h"
#include "plumb/data/npz.h"

namespace plumb {

namespace {

/// float <-> double copy; equal types copy the same way.
void convert(ConstView from, View to) {
  dispatch(from.dtype, [&](auto from_zero) {
    dispatch(to.dtype, [&](auto to_zero) {
      using From = decltype(from_zero);
      using To = decltype(to_zero);
      const auto source = from.as<From>();
      std::transform(source.begin(), source.end(), to.as<To>().begin(),
                     [](From value) { return static_cast<To>(value); });
    });
  });
}

/// What a file of weights holds of a network: parameters, then running statistics.
std::vector<std::pair<std::string, Tensor*>> saved_tensors(const Network& network) {
  std::vector<std::pair<std::string, Tensor*>> tensors;
  for (std::size_t i = 0; i < network.params().size(); ++i) {
    tensors.emplace_back(network.param_names()[i], &network.params()[i]->value);
  }
  for (std::size_t i = 0; i < network.buffers().size(); ++i) {
    tensors.emplace_back(network.buffer_names()[i], &network.buffers()[i]->value);
  }
  return tensors;
}

}  // namespace

void load_weights(Network& network, const std::string& path) {
  const std::vector<NamedArray> arrays = read_npz(path);
  std::map<std::string, const NamedArray*> by_name;
  for (const NamedArray& array : arrays) by_name[array.name] = &array;

  const auto tensors = saved_tensors(network);
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
  if (!problems.empty()) throw DataError(path + ": does not fit the network" + problems);
  for (const auto& [name, tensor] : tensors) {
    convert(by_name.at(name)->value.view(), tensor->view());
  }
}

void save_weights(const Network& network, const std::string& path) {
  std::vector<std::pair<std::string, ConstView>> arrays;
  for (const auto& [name, tensor] : saved_tensors(network)) {
    arrays.emplace_back(name, std::as_const(*tensor).view());
  }
  write_npz(path, arrays);
}

}  // namespace plumb
