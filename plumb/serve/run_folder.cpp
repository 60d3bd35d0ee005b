// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/run_folder.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "plumb/core/error.h"

namespace plumb::serve {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".plumb";

std::string without_suffix(std::string name) {
  if (name.ends_with(kSuffix)) name.resize(name.size() - kSuffix.size());
  return name;
}

bool is_below(const fs::path& path, const fs::path& folder) {
  const auto [end, ignored] = std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
  return end == folder.end();
}

void read_folder(const std::string& folder, std::vector<RunPath>& found) {
  std::error_code error;
  const fs::path root = fs::canonical(folder, error);
  if (error) return;
  // Links to folders are not followed: they may lead out, or round in a circle.
  fs::recursive_directory_iterator it(root, fs::directory_options::skip_permission_denied, error),
      end;
  for (; !error && it != end; it.increment(error)) {
    const std::string file = it->path().filename().string();
    std::error_code ignored;
    if (it->is_directory(ignored) &&
        (it.depth() + 1 >= RunFolder::kDeepest || file.starts_with("."))) {
      it.disable_recursion_pending();
    }
    if (!file.ends_with(kSuffix) || file.starts_with(".") || !it->is_regular_file(ignored))
      continue;
    if (it->is_symlink(ignored)) {
      const fs::path target = fs::canonical(it->path(), ignored);
      if (ignored || !is_below(target, root)) continue;
    }
    if (found.size() >= RunFolder::kMost) return;
    found.push_back(
        {it->path().string(), without_suffix(it->path().lexically_relative(root).string())});
  }
}

}  // namespace

RunFolder::RunFolder(const std::vector<std::string>& given) {
  for (const std::string& path : given) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      folders_.push_back(path);
    } else if (fs::is_regular_file(path, error)) {
      files_.push_back({path, without_suffix(fs::path(path).filename().string())});
    } else {
      throw StoreError(path + ": no such folder or run file");
    }
  }
}

std::vector<RunPath> RunFolder::runs() const {
  std::vector<RunPath> found = files_;
  for (const std::string& folder : folders_) read_folder(folder, found);
  std::stable_sort(found.begin(), found.end(),
                   [](const RunPath& a, const RunPath& b) { return a.name < b.name; });
  std::set<std::string> seen;
  std::erase_if(found, [&](const RunPath& run) { return !seen.insert(run.path).second; });
  return found;
}

}  // namespace plumb::serve
