// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace plumb {

/// The processes of an MPI job: rank 0 decides, writes and works; the others do what it asks.
/// Tasks and answers are texts. Built with PLUMB_MPI only; else, and outside of a job, there is one
/// rank, which asks nobody.
///
///   Ranks ranks;
///   if (!ranks.is_first()) return ranks.serve(answer);
///   if (auto text = ranks.ask(task)) ...  // else: do it here
///
/// A rank has one task at a time. A dead rank ends the job, as MPI has it: what goes on from a log
/// is started again.
/// Errors  UsageError from the constructor, in a job of several processes where plumb was built
///         without MPI: each would do and write everything. std::runtime_error from ask() with what
///         the task threw there.
/// Threads ask() any; the rest the one that made it.
class Ranks {
 public:
  Ranks();
  ~Ranks();  ///< lets the others go, and leaves the job
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  int count() const { return count_; }
  bool is_first() const { return rank_ == 0; }
  /// Others than this one.
  int others() const { return count_ - 1; }

  /// Of a rank that is idle; nothing where none is.
  std::optional<std::string> ask(const std::string& task);
  /// Answers tasks until the first rank is gone.
  void serve(const std::function<std::string(const std::string& task)>& answer);

 private:
  struct Job;
  std::unique_ptr<Job> job_;
  int rank_ = 0;
  int count_ = 1;
};

}  // namespace plumb
