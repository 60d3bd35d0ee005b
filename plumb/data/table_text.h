// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace plumb {

/// The text of a table, in UTF-8 with lines that end with LF or CRLF, and how the file held it.
struct TableText {
  std::string text;
  std::string encoding;  ///< "" for plain UTF-8, else as a message says it: "gzip, UTF-16"
};

/// Undoes gzip; turns UTF-16 (with a byte order mark or, where every other byte is 0, without) and
/// Windows-1252 (whatever is no valid UTF-8) into UTF-8; removes the byte order mark; turns the CR
/// of old line ends into LF.
///
/// Errors  DataError "PLACE: ...": damaged gzip data, half a UTF-16 unit or surrogate pair,
///         gzip data that expand a hundredfold (and to 256 MiB), and files that are no text: zip archives (and so xlsx), old Excel
///         files, Parquet, PDF, JSON, HTML and the like (text_format.h), or zero bytes in the text.
TableText decode_table(std::span<const std::byte> bytes, const std::string& place);

}  // namespace plumb
