// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "plumb/core/tensor.h"

namespace plumb {

/// One array of an NPY or NPZ file. float16 and float32 are kept as f32, float64 as f64.
/// `is_integer` is true if the file held integers or bool (class labels do); these become f64,
/// exact below 2^53.
struct NamedArray {
  std::string name;  ///< the member's name without ".npy"; empty for a file of one array
  Tensor value;      ///< row-major, rank 0 to Shape::kMaxRank
  bool is_integer = false;
};

/// Reads an .npy file: little- or big-endian bool, (u)int8..64, float16/32/64, C or Fortran order,
/// format versions 1 to 3.
///
/// Errors  DataError naming the file and what is wrong: magic, version, header, element type
///         (objects, complex numbers, records), rank, a size other than what the header says.
/// Source  NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays".
NamedArray read_npy(const std::string& path);

/// The same, of the bytes of a file; `place` begins the message of every error.
NamedArray parse_npy(std::span<const std::byte> bytes, const std::string& place);

/// Reads all arrays of an .npz file (a zip, stored or deflated, zip64 too), in the order of its
/// directory. Members that are not called *.npy are passed over.
///
/// Errors  DataError naming file and member: not a zip, damaged, encrypted, wrong CRC, two of one
///         name, and those of read_npy.
/// Source  PKWARE APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.
std::vector<NamedArray> read_npz(const std::string& path);

/// The same, of the bytes of a file; `place` begins the message of every error.
std::vector<NamedArray> parse_npz(std::span<const std::byte> bytes, const std::string& place);

/// Writes an .npz file (stored, not deflated) that numpy.load reads; whole or not at all. Above
/// 4 GiB it is a zip64.
///
/// Errors  DataError naming the file: cannot be written, an empty name, two arrays of one name, a
///         view of nothing.
void write_npz(const std::string& path,
               const std::vector<std::pair<std::string, ConstView>>& arrays);

}  // namespace plumb
