// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace plumb::serve {

/// A file by what it is, whatever stands at its path later.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

/// What is known of the file from outside; nothing of it opens the file, which would drop the
/// locks that this process holds on it.
struct FileStatus {
  FileIdentity identity;
  std::int64_t size_bytes = 0;  ///< of the file and its log: grows with every commit or stays
  double age_s = 0;             ///< since either was last written
  friend bool operator==(const FileStatus&, const FileStatus&) = default;
};

/// Nothing where there is no regular file.
std::optional<FileStatus> read_file_status(const std::string& path);

/// Whether another process than this one has the file open for writing. Where /proc cannot tell
/// (another user's process), false.
bool has_writer(const FileIdentity& identity);

/// How a run stands whose file does not say that it ended.
enum class Pulse : std::uint8_t {
  running,  ///< written a moment ago, or its writer is there and wrote in the last kStalled_s
  stalled,  ///< its writer is there and has not written for longer
  cut_off   ///< nobody has it open for writing
};
/// Our choices: a step of a large network may take some seconds; a writer commits twice a second.
inline constexpr double kStalled_s = 30;
inline constexpr double kMoment_s = 3;
Pulse pulse_of(const FileStatus& status);

}  // namespace plumb::serve
