// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

namespace plumb {

/// Writes a file that a user asked for. Every file of plumb but a run, which grows, is written by
/// this one function.
///
///   a regular file, or none yet   whole or not at all: `body` writes to a draft beside it, which
///                                 takes its name when all of it is on the disk. What was there
///                                 before stays until then, and keeps its permissions.
///   a symbolic link               the same with the file that it points at; the link stays
///   a device, a FIFO, a socket,   written through, never replaced
///   or anything below /dev, /proc
///
/// A file without any write permission is refused, for every user. Where the folder takes no draft
/// but the file may be written, it is written in place.
/// Errors  The answer says why the file cannot be written ("No space left on device"); nothing where
///         it was. An exception of `body` passes. Neither leaves a draft.
/// Threads Calls for different files are independent.
[[nodiscard]] std::optional<std::string> write_output(
    const std::string& path, const std::function<void(std::ostream&)>& body);

/// Adds a text to the end of such a file, or begins it; at once, so that no other program's line
/// comes between.
/// Errors  as write_output().
[[nodiscard]] std::optional<std::string> append_output(const std::string& path,
                                                       std::string_view text);

/// Why write_output() could not write to this path, as far as it can be told without writing.
[[nodiscard]] std::optional<std::string> output_problem(const std::string& path);

}  // namespace plumb
