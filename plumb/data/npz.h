// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plumb/core/tensor.h"

namespace plumb {

/// One array of an NPY or NPZ file. `is_integer` keeps whether the file held integers (class labels
/// do); values are converted to double (exact below 2^53) or kept as float.
struct NamedArray {
  std::string name;
  Tensor value;
  bool is_integer = false;
};

/// Reads an .npy file: little- or big-endian bool, (u)int8..64, float16/32/64, C or Fortran order,
/// format versions 1 to 3. Errors: DataError naming the file and what is wrong.
NamedArray read_npy(const std::string& path);

/// Reads all arrays of an .npz file (a zip, stored or deflated, zip64 too).
std::vector<NamedArray> read_npz(const std::string& path);

/// Writes an .npz file (stored, not deflated) that numpy.load reads; whole or not at all.
void write_npz(const std::string& path,
               const std::vector<std::pair<std::string, ConstView>>& arrays);

}  // namespace plumb
