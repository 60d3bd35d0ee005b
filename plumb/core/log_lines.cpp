// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/log_lines.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/core/output_file.h"

namespace plumb {

namespace {

/// Whether an object of JSON that begins a text ends with it, as the braces outside of its strings
/// tell.
bool is_whole_object(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string) {
      depth += (c == '{') - (c == '}');
    }
  }
  return depth == 0 && !in_string;
}

}  // namespace

LogLines::LogLines(std::string path) : path_(std::move(path)) {
  if (const auto problem = output_problem(path_)) throw DataError(path_ + ": " + *problem);
  std::error_code error;
  if (!std::filesystem::exists(path_, error)) return;
  if (!std::filesystem::is_regular_file(path_, error)) {
    throw DataError(path_ + ": it is no regular file, expected one to add lines to");
  }
  std::ifstream in(path_, std::ios::binary);
  if (!in) throw DataError(path_ + ": " + std::strerror(errno));
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  if (!text.empty() && text.front() != '{') {
    throw DataError(path_ + ": it does not begin with {, expected lines of JSON that plumb wrote");
  }
  for (std::size_t end = text.find('\n'); end != std::string::npos;
       end = text.find('\n', whole_bytes_)) {
    found_.push_back(text.substr(whole_bytes_, end - whole_bytes_));
    whole_bytes_ = end + 1;
  }
  const std::string rest = text.substr(whole_bytes_);
  if (rest.empty()) return;
  if (is_whole_object(rest)) {
    found_.push_back(rest);
    lacks_end_ = true;
  } else {
    is_torn_ = true;
  }
}

LogLines::~LogLines() {
  if (file_ != nullptr) std::fclose(file_);
}

void LogLines::open() {
  if (is_torn_) {
    std::error_code error;
    std::filesystem::resize_file(path_, whole_bytes_, error);
    if (error) throw DataError(path_ + ": " + error.message());
    is_torn_ = false;
  }
  file_ = std::fopen(path_.c_str(), "ab");
  if (file_ == nullptr) throw DataError(path_ + ": " + std::strerror(errno));
  if (lacks_end_) std::fputc('\n', file_);
  lacks_end_ = false;
}

void LogLines::add(const std::string& line) {
  if (file_ == nullptr) open();
  const std::string text = line + "\n";
  if (std::fwrite(text.data(), 1, text.size(), file_) != text.size() || std::fflush(file_) != 0) {
    throw DataError(path_ + ": " + std::strerror(errno));
  }
}

}  // namespace plumb
