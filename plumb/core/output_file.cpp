// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/output_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace plumb {

namespace {

namespace fs = std::filesystem;
using Body = std::function<void(std::ostream&)>;

constexpr int kMostLinks = 40;  // as many as the system follows
constexpr int kMostDrafts = 100;

std::string reason(int error) {
  // A stream that failed without asking the system leaves no number.
  return error == 0 ? "the write failed" : std::generic_category().message(error);
}

/// The file that a path means, also where the link points at nothing yet.
fs::path follow_links(fs::path path) {
  std::error_code error;
  for (int i = 0; i < kMostLinks && fs::is_symlink(fs::symlink_status(path, error)); ++i) {
    const fs::path next = fs::read_symlink(path, error);
    if (error) break;
    path = next.is_absolute() ? next : path.parent_path() / next;
  }
  return path;
}

fs::path folder_of(const fs::path& path) {
  const fs::path folder = path.parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

bool is_of_the_system(const fs::path& path) {
  const std::string text = path.lexically_normal().string();
  return text.starts_with("/dev/") || text.starts_with("/proc/");
}

/// What is at a path.
struct Found {
  std::string problem;
  bool exists = false;
  bool is_regular = false;
  mode_t mode = 0;
};

Found read_target(const std::string& path) {
  if (path.empty()) return {.problem = "its name is empty"};
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT) return {.problem = reason(errno)};
    const fs::path folder = folder_of(follow_links(path));
    struct stat around {};
    if (::stat(folder.c_str(), &around) != 0) {
      return {.problem = errno == ENOENT ? "folder " + folder.string() + " does not exist"
                                         : reason(errno)};
    }
    if (path.back() == '/' || !S_ISDIR(around.st_mode)) return {.problem = "is no name of a file"};
    if (::access(folder.c_str(), W_OK | X_OK) != 0) return {.problem = reason(errno)};
    return {};
  }
  if (S_ISDIR(status.st_mode)) return {.problem = "is a folder"};
  Found found{.problem = "", .exists = true, .is_regular = S_ISREG(status.st_mode), .mode = 0};
  found.mode = status.st_mode & 07777U;
  // The superuser may write anything, and yet somebody has protected this file.
  const bool is_protected = found.is_regular && (status.st_mode & 0222U) == 0;
  if (is_protected || ::access(path.c_str(), W_OK) != 0) {
    found.problem = is_protected ? "is read-only" : reason(errno);
  }
  return found;
}

std::optional<std::string> write_through(const std::string& path, const Body& body) {
  errno = 0;
  std::ofstream out(path, std::ios::binary);
  if (!out) return reason(errno);
  errno = 0;
  body(out);
  out.close();
  if (!out) return reason(errno);
  return std::nullopt;
}

/// A file of a name that nobody has, in the folder of `target`; empty, and errno set, if the folder
/// takes none.
std::string make_draft(const fs::path& target) {
  for (int attempt = 0; attempt < kMostDrafts; ++attempt) {
    // Not made of the target's own name, which may be as long as a name can be.
    const fs::path draft = folder_of(target) / (".plumb-" + std::to_string(::getpid()) + "-" +
                                                std::to_string(attempt) + ".draft");
    const int file = ::open(draft.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    if (file >= 0) {
      ::close(file);
      return draft.string();
    }
    if (errno != EEXIST) return {};
  }
  return {};
}

/// A disk may say only now that it is full.
int sync(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno;
  const bool fails = ::fsync(file) != 0 && errno != EINVAL && errno != ENOSYS;
  const int error = fails ? errno : 0;
  ::close(file);
  return error;
}

class Draft {
 public:
  explicit Draft(std::string path) : path_(std::move(path)) {}
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  const std::string& path() const { return path_; }
  /// 0, or the number of the error.
  int rename_to(const fs::path& target) {
    if (::rename(path_.c_str(), target.c_str()) != 0) return errno;
    path_.clear();
    return 0;
  }

 private:
  std::string path_;
};

}  // namespace

std::optional<std::string> output_problem(const std::string& path) {
  const Found found = read_target(path);
  return found.problem.empty() ? std::nullopt : std::optional(found.problem);
}

std::optional<std::string> write_output(const std::string& path, const Body& body) {
  const Found found = read_target(path);
  if (!found.problem.empty()) return found.problem;
  if ((found.exists && !found.is_regular) || is_of_the_system(path)) {
    return write_through(path, body);
  }
  const fs::path target = follow_links(path);
  Draft draft(make_draft(target));
  if (draft.path().empty()) {
    const int error = errno;
    return found.exists ? write_through(path, body) : reason(error);
  }
  if (auto problem = write_through(draft.path(), body)) return problem;
  if (found.exists && ::chmod(draft.path().c_str(), found.mode) != 0) return reason(errno);
  if (const int error = sync(draft.path()); error != 0) return reason(error);
  if (const int error = draft.rename_to(target); error != 0) return reason(error);
  return std::nullopt;
}

std::optional<std::string> append_output(const std::string& path, std::string_view text) {
  const Found found = read_target(path);
  if (!found.problem.empty()) return found.problem;
  const int file = ::open(path.c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0666);
  if (file < 0) return reason(errno);
  const ssize_t written = ::write(file, text.data(), text.size());
  int error = written < 0 ? errno : 0;
  const bool is_cut = written >= 0 && static_cast<std::size_t>(written) < text.size();
  if (::close(file) != 0 && error == 0) error = errno;
  if (is_cut) return reason(ENOSPC);
  return error == 0 ? std::nullopt : std::optional(reason(error));
}

}  // namespace plumb
