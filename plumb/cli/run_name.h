// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace plumb::cli {

/// Where `plumb train` keeps a run that nobody named.
inline constexpr const char* kRunFolder = "plumb-runs";

/// The network as part of a file's name: "flatten-30-x-dense-128", its first words.
std::string slug(const std::string& network);

/// A name for a new run, plumb-runs/DATE-TIME-NETWORK.plumb, that no other run has or gets
/// meanwhile, however many trainings begin at once. The folder is made where it is missing.
/// Errors  StoreError saying why it cannot be.
class RunName {
 public:
  explicit RunName(const std::string& network);
  RunName(const RunName&) = delete;
  RunName& operator=(const RunName&) = delete;
  ~RunName() { release(); }

  const std::string& path() const { return path_; }
  /// The run has its file now: the name needs no claim any more.
  void release();

 private:
  std::string path_;
  std::string claim_;  ///< an empty file that says that the name is taken
};

}  // namespace plumb::cli
