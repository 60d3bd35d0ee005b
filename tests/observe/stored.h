// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "plumb/core/strided_view.h"
#include "plumb/record/run_info.h"
#include "tests/support/lcg.h"

namespace plumb::testing {

inline constexpr ElementType kElementTypes[] = {ElementType::f16, ElementType::bf16,
                                                ElementType::f32, ElementType::f64};

/// Multiples of 1/8 below 16 in magnitude, which every element type holds exactly.
inline std::vector<double> eighths(std::size_t count, std::uint64_t seed) {
  test::Lcg lcg(seed);
  std::vector<double> values(count);
  for (double& value : values) value = std::floor((2 * lcg.uniform() - 1) * 128) / 8;
  return values;
}

/// Normal numbers that 11 bits of precision hold.
inline std::uint16_t f16_bits(double value) {
  if (value == 0) return 0;
  int exponent = 0;
  const double fraction = std::frexp(std::abs(value), &exponent);  // in [1/2, 1)
  const auto mantissa = static_cast<std::uint16_t>(fraction * 2048) & 0x3ff;
  return static_cast<std::uint16_t>((value < 0 ? 0x8000 : 0) | (exponent + 14) << 10 | mantissa);
}

/// Values in memory as one of the element types.
class Stored {
 public:
  Stored(const std::vector<double>& values, ElementType type)
      : type_(type), memory_(values.size()) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      switch (type) {
        case ElementType::f16: put(i, f16_bits(values[i])); break;
        case ElementType::bf16:
          put(i, static_cast<std::uint16_t>(
                     std::bit_cast<std::uint32_t>(static_cast<float>(values[i])) >> 16));
          break;
        case ElementType::f32: put(i, static_cast<float>(values[i])); break;
        case ElementType::f64: put(i, values[i]); break;
      }
    }
  }
  StridedView view(std::vector<std::int64_t> sizes, std::vector<std::int64_t> strides) const {
    return {memory_.data(), type_, sizes, strides};
  }
  /// Row-major.
  StridedView view(std::vector<std::int64_t> sizes) const {
    std::vector<std::int64_t> strides(sizes.size());
    std::int64_t stride = 1;
    for (std::size_t axis = sizes.size(); axis-- > 0; stride *= sizes[axis]) strides[axis] = stride;
    return view(sizes, strides);
  }

 private:
  template <class T>
  void put(std::size_t i, T value) {
    std::memcpy(reinterpret_cast<char*>(memory_.data()) + i * sizeof(T), &value, sizeof(T));
  }
  ElementType type_;
  std::vector<double> memory_;
};

inline LayerInfo layer_info(const std::string& path, LayerFamily family,
                            std::vector<Edge> inputs = {}) {
  LayerInfo info;
  info.path = path;
  info.family = family;
  info.inputs = std::move(inputs);
  return info;
}

/// x > fc1 > act > fc2, with the two weights as parameters; f' of the activation is at most 1.
inline RunInfo small_graph() {
  RunInfo info;
  info.layers = {layer_info("x", LayerFamily::input), layer_info("fc1", LayerFamily::linear, {{0}}),
                 layer_info("act", LayerFamily::activation, {{1}}),
                 layer_info("fc2", LayerFamily::linear, {{2}})};
  info.layers[2].traits.emplace().max_derivative = 1;
  for (const LayerId layer : {1, 3}) {
    ParamInfo weight;
    weight.path = info.layers[static_cast<std::size_t>(layer)].path + ".weight";
    weight.use = ParamUse::weight;
    weight.users = {layer};
    info.params.push_back(weight);
  }
  info.blocks = {{"experts.0", "expert", kNoBlock}, {"experts.1", "expert", kNoBlock}};
  return info;
}
inline constexpr LayerId kX = 0, kFc1 = 1, kAct = 2, kFc2 = 3;

}  // namespace plumb::testing
