// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace plumb::cli {

/// `plumb serve` of one run, as a process of its own: a page that hangs takes nothing from the
/// training, and the page ends when this object does, or this process, however that goes.
/// It listens on this machine alone, on the usual port or, where that is taken, any that is free.
class LivePage {
 public:
  /// Errors  StoreError: it does not start.
  explicit LivePage(const std::string& run);
  ~LivePage();
  LivePage(const LivePage&) = delete;
  LivePage& operator=(const LivePage&) = delete;

  /// Opens that run.
  const std::string& address() const { return address_; }
  /// Returns after Ctrl-C, or when the server has ended by itself.
  void wait();

 private:
  bool start(const std::string& run, const std::string& port);

  int process_ = -1;
  std::string address_;
};

}  // namespace plumb::cli
