// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/run_draft.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <thread>

#include "plumb/core/error.h"
#include "plumb/store/schema.h"

namespace plumb {

namespace {

namespace fs = std::filesystem;
using store::Access;
using store::Database;

constexpr std::chrono::seconds kReplaceTimeout{
    2};  // our choice: a live view reads for milliseconds
constexpr const char* kNotOverwritten = ", it is not overwritten";
constexpr const char* kBeside[] = {"-wal", "-shm", "-journal"};

// Folds the log of the run that will be replaced into it, which needs it to be nobody else's: the
// file names of its log are about to be the new run's.
void take_over(const std::string& path) {
  if (::access(path.c_str(), W_OK) != 0) throw StoreError(path + ": " + std::strerror(errno));
  Database old(path, Access::write);
  try {
    store::expect_run(old);
  } catch (const StoreError& error) {
    throw StoreError(std::string(error.what()) + kNotOverwritten);
  }
  const auto deadline = std::chrono::steady_clock::now() + kReplaceTimeout;
  // Any other failure means that the old run is damaged, which is no reason to keep it.
  while (old.attempt("PRAGMA journal_mode = DELETE") == Database::Outcome::busy) {
    if (std::chrono::steady_clock::now() > deadline) {
      throw StoreError(path + ": the run is open in another program, it cannot be replaced");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

[[noreturn]] void cannot_create(const std::string& path, int error) {
  const auto directory = fs::path(path).parent_path();
  if (error == ENOENT && !directory.empty() && !fs::exists(directory)) {
    throw StoreError(path + ": cannot be created: directory " + directory.string() +
                     " does not exist");
  }
  throw StoreError(path + ": cannot be created: " + std::strerror(error));
}

// An empty file under a name that nobody uses, beside the final one so that it can be renamed.
std::string make_draft(const std::string& path) {
  for (int attempt = 0;; ++attempt) {
    const std::string draft = fmt::format("{}.new-{}-{}", path, ::getpid(), attempt);
    const int descriptor = ::open(draft.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    if (descriptor >= 0) {
      ::close(descriptor);
      return draft;
    }
    if (errno != EEXIST || attempt == 100) cannot_create(path, errno);
  }
}

void remove_with_log(const std::string& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
  for (const char* suffix : kBeside) fs::remove(path + suffix, ignored);
}

}  // namespace

RunDraft::RunDraft(const std::string& name) : name_(name) {
  if (store::is_file(name, kNotOverwritten)) take_over(name);
  target_ = fs::exists(name) ? fs::canonical(name).string() : name;
  path_ = make_draft(target_);
  try {
    store::write_schema(path_);
  } catch (const std::exception& error) {
    remove_with_log(path_);
    throw StoreError(name + ": cannot be created: " + error.what());
  }
}

RunDraft::~RunDraft() {
  if (!path_.empty()) remove_with_log(path_);
}

void RunDraft::take_name() {
  // Looked at once more: the run may have been made, or opened, since.
  if (store::is_file(name_, kNotOverwritten)) take_over(name_);
  try {
    // What a run that is gone left behind would be taken for the log of the new one.
    for (const char* suffix : kBeside) fs::remove(target_ + suffix);
    fs::rename(path_, target_);
  } catch (const std::exception& error) {
    throw StoreError(name_ + ": cannot be created: " + error.what());
  }
  path_.clear();
}

}  // namespace plumb
