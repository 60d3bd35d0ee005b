// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/npz.h"

#include <fmt/format.h>

#include <set>
#include <string_view>

#include "plumb/data/file_bytes.h"
#include "plumb/data/npy_header.h"
#include "plumb/data/zip.h"

namespace plumb {

namespace {
constexpr std::string_view kSuffix = ".npy";
constexpr std::size_t kMaxNameBytes = 0xFFFF - kSuffix.size();
}  // namespace

std::vector<NamedArray> parse_npz(std::span<const std::byte> bytes, const std::string& place) {
  std::vector<NamedArray> arrays;
  std::set<std::string> names;
  for (const ZipMember& member : zip_directory(bytes, place)) {
    if (!member.name.ends_with(kSuffix)) continue;
    const std::string name = member.name.substr(0, member.name.size() - kSuffix.size());
    if (!names.insert(name).second) {
      throw DataError(fmt::format("{}: two arrays are called '{}', expected one", place, name));
    }
    const std::string member_place = place + ": " + member.name;
    arrays.push_back(parse_npy(zip_content(bytes, member, member_place), member_place));
    arrays.back().name = name;
  }
  return arrays;
}

std::vector<NamedArray> read_npz(const std::string& path) {
  return parse_npz(read_file(path), path);
}

void write_npz(const std::string& path,
               const std::vector<std::pair<std::string, ConstView>>& arrays) {
  std::set<std::string> names;
  for (const auto& [name, view] : arrays) {
    if (name.empty() || name.size() > kMaxNameBytes) {
      throw DataError(fmt::format("{}: an array's name has {} bytes, expected 1 to {}", path,
                                  name.size(), kMaxNameBytes));
    }
    if (!names.insert(name).second) {
      throw DataError(fmt::format("{}: two arrays are called '{}', expected one", path, name));
    }
    if (!view) throw DataError(fmt::format("{}: array '{}' is a view of nothing", path, name));
  }
  write_file(path, [&](std::ostream& out) {
    ZipWriter zip(out);
    for (const auto& [name, view] : arrays) {
      const auto bytes = static_cast<std::size_t>(view.shape.size() * size_bytes(view.dtype));
      zip.add(name + std::string(kSuffix), npy_preamble(view.dtype, view.shape),
              {static_cast<const std::byte*>(view.data), bytes});
    }
    zip.finish();
  });
}

}  // namespace plumb
