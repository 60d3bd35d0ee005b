// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "plumb/serve/request_guard.h"
#include "plumb/serve/watcher.h"

namespace plumb::serve {

/// Answers GET requests about the runs that a Watcher sees, and nothing else; no name of a file is
/// ever read out of a request.
///
///   /                 the page
///   /api/runs         all rows
///   /api/runs/N       the view of one run
///   /runs/N/report    its report, as `plumb report` writes it
///   /api/runs/N/report  the data of that report; ?after=STEP: of what was measured after that step
///   /events           server-sent events; Last-Event-ID, or ?last=ID, is where to go on
///
/// Limits  One request a connection, its head at most kMostHead bytes and there within kHead_s. At
///         most kStreams event streams. A client that takes nothing for kWrite_s is dropped, and what
///         it does not take costs nothing: the newest state is made for it when it does.
/// Errors  StoreError where the address cannot be bound: why, and what to do (bind_problem.h).
/// Threads listen() blocks; stop() from any.
class Server {
 public:
  static constexpr std::size_t kMostHead = 8192;
  static constexpr double kHead_s = 10;
  static constexpr double kWrite_s = 5;
  static constexpr int kThreads = 40;
  static constexpr int kStreams = 24;
  static constexpr std::size_t kMostWaiting = 128;
  static constexpr int kMostConnecting = 128;

  /// What the server shows of other parts: the page, and reports by the path of their run.
  struct Pages {
    std::function<std::string()> page;
    std::function<std::string(const std::string& path)> report;
    std::function<std::string(const std::string& path, std::int64_t after)> report_data;
  };

  Server(const Watcher& watcher, EventLog& log, Pages pages);
  ~Server();

  /// Port 0: any that is free. Returns the port.
  int bind(const std::string& address, int port, const std::string& token);
  void listen();
  void stop();

 private:
  class Http;
  std::unique_ptr<Http> http_;
};

}  // namespace plumb::serve
