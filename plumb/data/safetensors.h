// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "plumb/data/npz.h"

namespace plumb {

/// Reads all tensors of a .safetensors file, in the order of their bytes: F64, F32, F16, BF16, I8
/// to I64, U8 to U64 and BOOL, kept as NamedArray says.
///
/// Errors  DataError naming file and tensor: a header that is longer than the file or no JSON object
///         of tensors, another element type, rank above 5, bytes that do not fit shape and type,
///         that overlap, leave holes or go beyond the file.
/// Source  https://github.com/huggingface/safetensors, "Format" of its README, version 0.4.
std::vector<NamedArray> read_safetensors(const std::string& path);

/// The same, of the bytes of a file; `place` begins the message of every error.
std::vector<NamedArray> parse_safetensors(std::span<const std::byte> bytes,
                                          const std::string& place);

/// Writes a .safetensors file, whole or not at all. Errors  as write_npz().
void write_safetensors(const std::string& path,
                       const std::vector<std::pair<std::string, ConstView>>& arrays);

/// The arrays of an .npz or .safetensors file, which is told by its content.
/// Errors  DataError as of the two readers; for other files, and for what torch.save() wrote, one
///         that says how to save it.
std::vector<NamedArray> read_arrays(const std::string& path);

}  // namespace plumb
