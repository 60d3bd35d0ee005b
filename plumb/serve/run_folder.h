// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace plumb::serve {

/// A run file that is to be shown.
struct RunPath {
  std::string path;
  std::string name;  ///< for people: below its folder, without ".plumb"
};

/// Folders and run files that a command was given.
class RunFolder {
 public:
  /// Our choices: folders that lie deeper are not looked into, and more files are not shown.
  static constexpr int kDeepest = 4;
  static constexpr std::size_t kMost = 2000;

  /// Errors  StoreError: a path that is neither a folder nor a file.
  explicit RunFolder(const std::vector<std::string>& given);

  /// What is there now, by name: the files given, and each file NAME.plumb at most kDeepest folders
  /// below a folder given. Links that lead out of the folder are left out, and so are those that
  /// begin with a dot.
  std::vector<RunPath> runs() const;

 private:
  std::vector<std::string> folders_;
  std::vector<RunPath> files_;
};

}  // namespace plumb::serve
