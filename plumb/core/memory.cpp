// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/memory.h"

#include <array>
#include <cstdio>
#include <fstream>
#include <limits>
#include <string_view>

namespace plumb {

namespace {

constexpr double kManyBytes = 128e6;  // below this nobody is asked: a system has them or is lost
constexpr double kKibi = 1024;

/// The number behind a key, or at the start of the file where there is no key; -1 if it is not
/// there.
double read_number(const char* path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    double value = 0;
    const bool is_number = std::sscanf(line.c_str() + key.size(), "%lf", &value) == 1;
    return is_number ? value : -1;
  }
  return -1;
}

struct ControlGroup {
  const char* limit;
  const char* used;
};
constexpr std::array<ControlGroup, 2> kControlGroups{
    {{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
     {"/sys/fs/cgroup/memory/memory.limit_in_bytes",
      "/sys/fs/cgroup/memory/memory.usage_in_bytes"}}};

}  // namespace

std::int64_t available_memory_bytes() {
  double bytes = read_number("/proc/meminfo", "MemAvailable:") * kKibi;
  for (const ControlGroup& group : kControlGroups) {
    const double limit = read_number(group.limit, ""), used = read_number(group.used, "");
    // The files that a group has read count as used, and can be dropped: a full group may have
    // room. So only what exceeds the whole limit is certain.
    if (limit > 0 && used >= 0 && (bytes < 0 || limit < bytes)) bytes = limit;
  }
  if (bytes <= 0) return 0;
  return bytes < 9e18 ? static_cast<std::int64_t>(bytes) : std::numeric_limits<std::int64_t>::max();
}

std::string show_bytes(double bytes) {
  std::array<char, 32> text{};
  const bool giga = bytes >= 1e9;
  std::snprintf(text.data(), text.size(), "%.1f %s", bytes / (giga ? 1e9 : 1e6),
                giga ? "GB" : "MB");
  return text.data();
}

void require_memory(const std::string& what, double bytes) {
  if (bytes < kManyBytes) return;
  const auto free = static_cast<double>(available_memory_bytes());
  if (free == 0 || bytes <= free) return;
  throw MemoryError(what + " takes " + show_bytes(bytes) + " of memory, " + show_bytes(free) +
                    " are free");
}

}  // namespace plumb
