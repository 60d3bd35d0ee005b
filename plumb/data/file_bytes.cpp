// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/file_bytes.h"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "plumb/core/error.h"
#include "plumb/core/output_file.h"

namespace plumb {

namespace fs = std::filesystem;

std::vector<std::byte> read_file(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) throw DataError(fmt::format("{}: no such file", path));
  if (!fs::is_regular_file(status)) {
    throw DataError(fmt::format(
        "{}: not a regular file, expected one (what a pipe gives has to be saved first)", path));
  }
  const std::uintmax_t size = fs::file_size(path, error);
  std::ifstream in(path, std::ios::binary);
  if (error || !in) {
    throw DataError(
        fmt::format("{}: cannot be opened: {}", path, std::generic_category().message(errno)));
  }
  std::vector<std::byte> bytes(size);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
  if (static_cast<std::uintmax_t>(in.gcount()) != size) {
    throw DataError(fmt::format("{}: read {} bytes, expected {}", path, in.gcount(), size));
  }
  return bytes;
}

void write_file(const std::string& path, const std::function<void(std::ostream&)>& body) {
  if (const auto problem = write_output(path, body)) {
    throw DataError(fmt::format("{}: cannot be written: {}", path, *problem));
  }
}

}  // namespace plumb
