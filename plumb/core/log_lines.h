// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace plumb {

/// A file to which results are added, one line of JSON each, and which is read again by whoever
/// goes on with what made it. A program that is killed while it writes leaves half a line, which is
/// cut off with the first one that is added behind it. Until then the file is not touched. A last
/// line that lacks nothing but its end is whole.
///
/// Errors  DataError naming the file where it cannot be read, written or cut, or where what stands in
///         it does not begin as such lines do.
/// Threads One at a time.
class LogLines {
 public:
  explicit LogLines(std::string path);
  ~LogLines();
  LogLines(const LogLines&) = delete;
  LogLines& operator=(const LogLines&) = delete;

  const std::string& path() const { return path_; }
  /// The whole lines that were there, without their ends.
  const std::vector<std::string>& found() const { return found_; }
  /// Hands it to the operating system before it returns: a killed program loses none.
  void add(const std::string& line);

 private:
  void open();

  std::string path_;
  std::vector<std::string> found_;
  std::uintmax_t whole_bytes_ = 0;  ///< of the lines that are whole
  bool is_torn_ = false;            ///< behind them stands half a line
  bool lacks_end_ = false;          ///< the last one is whole but for its end
  std::FILE* file_ = nullptr;
};

}  // namespace plumb
