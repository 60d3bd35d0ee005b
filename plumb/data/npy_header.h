// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/core/view.h"

namespace plumb {

/// What the header of an .npy file says of the elements that follow it.
struct NpyHeader {
  char byte_order = '|';  ///< '<' little, '>' big, '|' single bytes
  char kind = 'f';        ///< 'b' bool, 'i' signed, 'u' unsigned, 'f' floating-point
  std::uint64_t element_bytes = 0;
  bool fortran_order = false;
  std::vector<std::uint64_t> extents;
};

/// Parses the text of a header, a Python dictionary of exactly descr, fortran_order and shape:
///   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
/// Errors  DataError "PLACE: ..." saying what was found and what was expected.
NpyHeader parse_npy_header(std::string_view text, const std::string& place);

/// All bytes that stand before the elements of a contiguous, row-major tensor: magic, version 1.0
/// and the header, padded to a multiple of 64 bytes as numpy does.
std::string npy_preamble(DType dtype, const Shape& shape);

}  // namespace plumb
