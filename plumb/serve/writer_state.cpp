// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/writer_state.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace plumb::serve {

namespace {

namespace fs = std::filesystem;

double now_s() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

double written_s(const struct stat& status) {
  return static_cast<double>(status.st_mtim.tv_sec) +
         1e-9 * static_cast<double>(status.st_mtim.tv_nsec);
}

/// The processes that hold a lock on a file of that inode. SQLite keeps one for as long as it has a
/// file with a log open. A line of /proc/locks: "1: POSIX ADVISORY READ 123 08:01:5678 124 124".
std::set<int> lock_holders(std::uint64_t inode) {
  std::set<int> holders;
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream words(line);
    std::string number, kind, mode, access, place;
    int process = 0;
    if (!(words >> number >> kind)) continue;
    if (kind == "->") words >> kind;  // one that waits
    if (!(words >> mode >> access >> process >> place)) continue;
    const std::size_t colon = place.rfind(':');
    if (colon == std::string::npos) continue;
    std::uint64_t found = 0;
    std::from_chars(place.data() + colon + 1, place.data() + place.size(), found);
    if (found == inode) holders.insert(process);
  }
  return holders;
}

bool writes(int process, const FileIdentity& identity) {
  const std::string base = "/proc/" + std::to_string(process);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(base + "/fd", error)) {
    struct stat status {};
    if (::stat(entry.path().c_str(), &status) != 0 || status.st_ino != identity.inode ||
        status.st_dev != identity.device) {
      continue;
    }
    std::ifstream info(base + "/fdinfo/" + entry.path().filename().string());
    std::string word;
    unsigned flags = 0;
    while (info >> word) {
      if (word == "flags:") info >> std::oct >> flags;
    }
    constexpr unsigned kAccess = 3, kReadOnly = 0, kPathOnly = 010000000;
    if ((flags & kAccess) != kReadOnly && (flags & kPathOnly) == 0) return true;
  }
  return false;
}

}  // namespace

std::optional<FileStatus> read_file_status(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  FileStatus file{{status.st_dev, status.st_ino}, status.st_size, 0};
  double last_s = written_s(status);
  struct stat log {};
  if (::stat((path + "-wal").c_str(), &log) == 0) {
    file.size_bytes += log.st_size;
    last_s = std::max(last_s, written_s(log));
  }
  file.age_s = std::max(0.0, now_s() - last_s);
  return file;
}

bool has_writer(const FileIdentity& identity) {
  for (const int process : lock_holders(identity.inode)) {
    if (process > 0 && process != ::getpid() && writes(process, identity)) return true;
  }
  return false;
}

Pulse pulse_of(const FileStatus& status) {
  if (status.age_s < kMoment_s) return Pulse::running;
  if (!has_writer(status.identity)) return Pulse::cut_off;
  return status.age_s < kStalled_s ? Pulse::running : Pulse::stalled;
}

}  // namespace plumb::serve
