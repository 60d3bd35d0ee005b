// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/live_page.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string_view>
#include <thread>

#include "plumb/cli/interrupt.h"
#include "plumb/core/error.h"

namespace plumb::cli {

namespace {

constexpr const char* kUsualPort = "8077";

/// The name by which the page knows the run, as the fragment of an address.
std::string fragment(const std::string& run) {
  const std::filesystem::path path(run);
  const std::string name =
      path.extension() == ".plumb" ? path.stem().string() : path.filename().string();
  constexpr std::string_view kPlain = "-_.~";
  std::string text;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain =
        (byte < 0x80 && std::isalnum(byte) != 0) || kPlain.find(c) != std::string_view::npos;
    text += is_plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return text;
}

std::string first_line(int file) {
  std::string line;
  for (char c = 0; ::read(file, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

}  // namespace

LivePage::LivePage(const std::string& run) {
  if (!start(run, kUsualPort) && !start(run, "0")) {
    throw StoreError("--serve: the page could not be served; plumb serve " + run + " says why");
  }
  address_ += "#" + fragment(run);
}

bool LivePage::start(const std::string& run, const std::string& port) {
  std::array<int, 2> said{};
  if (::pipe2(said.data(), O_CLOEXEC) != 0) return false;
  // All is made before the fork: the child of a program with threads may call little but exec.
  const std::array<const char*, 6> words{"plumb",  "serve",      run.c_str(),
                                         "--port", port.c_str(), nullptr};
  const pid_t parent = ::getpid();
  process_ = ::fork();
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(1);
    ::dup2(said[1], STDOUT_FILENO);
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) ::dup2(nowhere, STDERR_FILENO);
    ::execv("/proc/self/exe", const_cast<char* const*>(words.data()));
    ::_exit(1);
  }
  ::close(said[1]);
  address_ = process_ > 0 ? first_line(said[0]) : "";
  ::close(said[0]);
  if (!address_.empty()) return true;
  if (process_ > 0) ::waitpid(process_, nullptr, 0);
  process_ = -1;
  return false;
}

void LivePage::wait() {
  while (!interrupted()) {
    if (::waitpid(process_, nullptr, WNOHANG) != 0) {
      process_ = -1;
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

LivePage::~LivePage() {
  if (process_ <= 0) return;
  ::kill(process_, SIGTERM);
  ::waitpid(process_, nullptr, 0);
}

}  // namespace plumb::cli
