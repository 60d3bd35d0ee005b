// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace plumb {

/// How compressed bytes are wrapped: not at all (in a zip), or with gzip's header, CRC and length.
enum class Wrapping { raw, gzip };

/// Decompresses deflate data. Memory grows with what is really there, never with what a header
/// claims, and stops at `max_bytes`: the rest of a longer stream is left out.
///
/// gzip files may hold several members one after another (RFC 1952, 2.2); their CRC is checked.
/// Errors  DataError "PLACE: ..." for damaged or truncated data, or for bytes after its end.
std::vector<std::byte> inflate_bytes(std::span<const std::byte> bytes, Wrapping wrapping,
                                     std::uint64_t max_bytes, const std::string& place);

}  // namespace plumb
