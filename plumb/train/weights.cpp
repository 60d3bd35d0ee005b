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

}  // namespace

void load_weights(Network& network, const std::string& path) {
  const std::vector<NamedArray> arrays = read_npz(path);
  std::map<std::string, const NamedArray*> by_name;
  for (const NamedArray& array : arrays) by_name[array.name] = &array;

  std::string problems;
  for (std::size_t i = 0; i < network.params().size(); ++i) {
    const std::string& name = network.param_names()[i];
    const Shape& expected = network.params()[i]->value.shape();
    const auto it = by_name.find(name);
    if (it == by_name.end()) {
      problems += "\n  " + name + ": missing, expected shape " + expected.to_string();
    } else if (it->second->value.shape() != expected) {
      problems += "\n  " + name + ": has shape " + it->second->value.shape().to_string() +
                  ", expected " + expected.to_string();
    }
  }
  if (!problems.empty()) throw DataError(path + ": does not fit the network" + problems);
  for (std::size_t i = 0; i < network.params().size(); ++i) {
    convert(by_name.at(network.param_names()[i])->value.view(), network.params()[i]->value.view());
  }
}

void save_weights(const Network& network, const std::string& path) {
  std::vector<std::pair<std::string, ConstView>> arrays;
  for (std::size_t i = 0; i < network.params().size(); ++i) {
    const Tensor& value = network.params()[i]->value;
    arrays.emplace_back(network.param_names()[i], value.view());
  }
  write_npz(path, arrays);
}

}  // namespace plumb
