// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

/// What kind of file system a file is on. Private to store/.
namespace plumb::store {

/// The number that statfs(2) gives for the file system of a path, 0 where it cannot be told.
using FileSystemType = std::function<std::uint64_t(const std::string& path)>;
std::uint64_t file_system_type(const std::string& path);

/// Whether programs that open a file there see each other's memory maps and locks, as a write-ahead
/// log needs. False for the file systems of networks and clusters and for those that a program
/// serves, where a log may lose a run or refuse to open.
/// Source  https://www.sqlite.org/wal.html, "All processes using a database must be on the same
///         host computer"; numbers from linux/magic.h and the file systems' own headers.
bool shares_memory(std::uint64_t type);

}  // namespace plumb::store
