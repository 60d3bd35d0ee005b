// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace plumb::cli {

/// The files that one command reads and will write, looked at before it begins, so that nothing is
/// lost and no hour is spent on what cannot be kept.
///
///   Outputs files;
///   files.reads("RUN", "deep.plumb");
///   files.writes("-o", "report.html");
///   files.check();
///
/// Refused are, with the option named: an empty name; a folder, or what cannot be written; an
/// output that is an input or another output, by whatever name or link; an output that is a
/// recorded run, unless `force` says that this run is to be replaced; a name that the shell has
/// made of a '*' (an output that is one of several runs); a folder for runs that is no folder,
/// that takes no file or, without `force`, that holds runs already.
/// Errors  SpecError from check(), one line for each problem.
class Outputs {
 public:
  /// An empty path is none.
  void reads(const std::string& what, const std::string& path);
  /// A --data text: its file, or what is in its folder.
  void reads_data(const std::string& source);
  /// A page, a table, weights. "-" is standard output where `may_be_stdout`.
  void writes(const std::string& what, const std::string& path, bool may_be_stdout = false);
  /// A run. `force`: it may replace one.
  void writes_run(const std::string& what, const std::string& path, bool force);
  /// A folder that gets runs.
  void writes_runs(const std::string& what, const std::string& folder, bool force);
  void check() const;

 private:
  struct File {
    std::string what;
    std::string path;
    bool is_run = false;
    bool is_folder = false;
    bool force = false;
    bool may_be_stdout = false;
  };
  std::string problem_of(const File& output) const;
  static std::string problem_of_folder(const File& output);

  std::vector<File> inputs_;
  std::vector<File> folders_;
  std::vector<File> outputs_;
};

/// Writes a text to a file, or to standard output where the path is "-" or empty.
/// Errors  StoreError naming the file and why it cannot be written.
void write_text(const std::string& path, const std::string& text);

}  // namespace plumb::cli
