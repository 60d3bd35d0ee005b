// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace plumb {

/// A run that is made beside the name it is for, and takes that name once it is whole. A run that
/// is there already stays until then, and for good where the new one does not come so far.
///
///   const RunDraft draft("whole.plumb");
///   RunWriter writer(draft.path());
///   ...
///   writer.close();
///   draft.take_name();
///
/// The draft is an empty run at first. A name that is a link keeps pointing at the run. A draft
/// whose program is killed stays what it is, under a name of its own.
/// Errors  StoreError, from the constructor and from take_name(), if something that is not a run is
///         at `name`, if the run there is read-only or open in another program, or if the file
///         cannot be created.
/// Threads One object is used by one thread at a time.
class RunDraft {
 public:
  explicit RunDraft(const std::string& name);
  ~RunDraft();  ///< one that took no name goes
  RunDraft(const RunDraft&) = delete;
  RunDraft& operator=(const RunDraft&) = delete;

  const std::string& path() const { return path_; }
  /// Where the run will be: `name`, or what it points at.
  const std::string& target() const { return target_; }
  /// The run there goes, with the files of its log; what is in path() stands in its place.
  void take_name();

 private:
  std::string name_, target_, path_;
};

}  // namespace plumb
