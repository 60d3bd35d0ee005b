// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/file_bytes.h"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "plumb/core/error.h"

namespace plumb {

namespace fs = std::filesystem;

std::vector<std::byte> read_file(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) throw DataError(fmt::format("{}: no such file", path));
  if (!fs::is_regular_file(status)) throw DataError(fmt::format("{}: not a regular file", path));
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
  const std::string partial = path + ".partial";
  const auto fail = [&](const std::string& reason) {
    throw DataError(fmt::format("{}: cannot be written: {}", path, reason));
  };
  std::error_code error;
  try {
    std::ofstream out(partial, std::ios::binary | std::ios::trunc);
    if (!out) fail(std::generic_category().message(errno));
    body(out);
    out.close();
    if (!out) fail(std::generic_category().message(errno));
    fs::rename(partial, path, error);
    if (error) fail(error.message());
  } catch (...) {
    fs::remove(partial, error);
    throw;
  }
}

}  // namespace plumb
