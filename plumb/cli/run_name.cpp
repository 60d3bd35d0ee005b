// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/run_name.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <filesystem>
#include <system_error>

#include "plumb/core/error.h"

namespace plumb::cli {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const std::string& path, int error) {
  throw StoreError(path + ": " + std::generic_category().message(error));
}

}  // namespace

std::string slug(const std::string& network) {
  constexpr std::size_t kLongest = 24;  // so that the commands that plumb names fit into a line
  std::string name;
  for (const char c : network) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (is_plain) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
    if (name.size() > kLongest) {
      name.erase(name.rfind('-') == std::string::npos ? kLongest : name.rfind('-'));
      break;
    }
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name.empty() ? "run" : name;
}

RunName::RunName(const std::string& network) {
  std::error_code error;
  fs::create_directories(kRunFolder, error);
  if (error) refuse(kRunFolder, error.value());
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const std::string stem = fmt::format("{:%Y%m%d-%H%M%S}-{}", fmt::localtime(now), slug(network));
  constexpr int kMostRuns = 10'000;
  for (int number = 1; number < kMostRuns; ++number) {
    const std::string name = number == 1 ? stem : fmt::format("{}-{}", stem, number);
    const std::string path = fmt::format("{}/{}.plumb", kRunFolder, name);
    const std::string claim = fmt::format("{}/.{}.claim", kRunFolder, name);
    const int file = ::open(claim.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    if (file < 0 && errno != EEXIST) refuse(kRunFolder, errno);
    if (file < 0) continue;
    ::close(file);
    claim_ = claim;
    if (!fs::exists(fs::symlink_status(path, error))) {
      path_ = path;
      return;
    }
    release();
  }
  refuse(kRunFolder, EEXIST);
}

void RunName::release() {
  if (!claim_.empty()) ::unlink(claim_.c_str());
  claim_.clear();
}

}  // namespace plumb::cli
