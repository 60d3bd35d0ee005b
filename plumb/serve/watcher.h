// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "plumb/serve/event_log.h"
#include "plumb/serve/run_folder.h"
#include "plumb/serve/run_row.h"

namespace plumb::serve {

/// Watches run files as they come and grow, with one thread, and tells an EventLog.
///
/// Events  "run" (key: the run's number; row_json), "finding" (news_json; each once for a run),
///         "gone" (key: the run's number; {"id"}): the file is not there any more.
/// A file that another one took the place of is a run of its own under the same number. Of a run
/// that is over its numbers are kept and its file is closed.
/// Threads  Any for the const calls; start() and stop() by the owner.
class Watcher {
 public:
  static constexpr std::chrono::milliseconds kTick{250};   ///< four readings a second
  static constexpr std::chrono::milliseconds kScan{1000};  ///< how often new files are looked for

  Watcher(RunFolder folder, EventLog& log);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  void start();
  void stop();
  /// Reads everything once: what the thread does; for tests.
  void tick();

  /// [row_json, ...] of all runs that are there.
  std::string rows_json() const;
  /// view_json of one; nothing if there is none of that number, or its file cannot be read.
  std::optional<std::string> view(std::size_t id) const;
  /// Its path, for a report of it.
  std::optional<std::string> path_of(std::size_t id) const;

 private:
  struct Watched {
    RunPath run;
    bool present = true;
    std::optional<FileStatus> status;  ///< as of the last reading
    std::unique_ptr<LiveRun> live;
    std::optional<RunRow> row;
    std::string sent;  ///< the row as clients have it, without what changes by itself
    std::set<std::string> findings;
  };

  void work();
  void scan();
  void read(std::size_t id);
  void tell(std::size_t id, RunRow row);

  const RunFolder folder_;
  EventLog& log_;
  mutable std::mutex mutex_;  ///< of what follows
  std::vector<Watched> watched_;
  std::chrono::steady_clock::time_point last_scan_{};
  std::thread thread_;
};

}  // namespace plumb::serve
