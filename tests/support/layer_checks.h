// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "plumb/core/shape.h"
#include "plumb/nn/layer.h"

namespace plumb::testing {

/// One layer to be put through the list that every layer must pass (layer_checks.cpp):
///   INSTANTIATE_TEST_SUITE_P(Tanh, LayerChecks, ::testing::Values(LayerCase{.text = "tanh"}));
/// Tests named Activation... are about layers with a derivative and skip the others.
struct LayerCase {
  std::string text;                ///< in the network language
  std::vector<double> kinks = {};  ///< inputs are kept clear of these
  bool elementwise = true;         ///< y[i] depends on x[i] alone
  bool across_batch = false;       ///< y[b, i] depends on x[:, i], not on row b
  /// Not 0: x is images [batch, channels, height, width], and each pixel reaches a part of y.
  std::int64_t channels = 0;
  /// What a pass in float may allocate inside a library that we only call.
  std::int64_t foreign_allocations = 0;

  friend std::ostream& operator<<(std::ostream& out, const LayerCase& c) { return out << c.text; }
};

class LayerChecks : public ::testing::TestWithParam<LayerCase> {
 protected:
  /// [rows, columns], or images of about as many pixels.
  Shape shape(std::int64_t rows, std::int64_t columns) const;
  /// The layer with random parameters (the same in float and double).
  std::unique_ptr<Layer> make(const Shape& x, DType dtype) const;
  /// Normal numbers times 2, moved away from the kinks; in float the same, rounded.
  Tensor input(const Shape& x, DType dtype) const;
};

/// Random numbers of the given stream, the same in float and double but for rounding.
Tensor random_tensor(const Shape& shape, DType dtype, const std::string& stream, double scale = 1);
/// The elements as double, whatever the dtype.
std::vector<double> values_of(ConstView view);

}  // namespace plumb::testing
