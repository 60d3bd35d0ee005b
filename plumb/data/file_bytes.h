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

/// write_output(), whose problems are errors.
/// Errors  DataError naming the file and the system's reason; whatever `body` throws.
void write_file(const std::string& path, const std::function<void(std::ostream&)>& body);

}  // namespace plumb
