// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace plumb {

/// The whole content of a regular file. Errors: DataError naming the file and the system's reason.
std::vector<std::byte> read_file(const std::string& path);

/// Writes a file whole or not at all: `body` writes to PATH.partial beside it, which then takes its
/// name. A write or an exception that fails leaves what was at `path` before, and no partial file.
/// Errors  DataError naming the file and the system's reason; whatever `body` throws.
void write_file(const std::string& path, const std::function<void(std::ostream&)>& body);

}  // namespace plumb
