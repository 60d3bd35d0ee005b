// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace plumb {

/// An array of unsigned bytes, as MNIST's files hold images and labels.
struct IdxArray {
  std::vector<std::uint64_t> extents;
  std::vector<std::uint8_t> values;  ///< row-major
};

/// Reads an IDX file of unsigned bytes with `rank` axes, plain or gzip (told by its first bytes,
/// not its name): 0, 0, the type 8, the rank, then a big-endian 32-bit extent for each axis, then
/// the elements.
///
/// Errors  DataError naming the file: magic, truncated, bytes after the last element, damaged gzip
///         data. A header that claims more than the file holds is an error before anything of that
///         size is allocated.
/// Source  LeCun, Cortes, Burges, "The MNIST database of handwritten digits", file formats.
IdxArray read_idx(const std::string& path, int rank);

/// The same, of the bytes of a file; `place` begins the message of every error.
IdxArray parse_idx(std::span<const std::byte> bytes, int rank, const std::string& place);

}  // namespace plumb
