// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plumb::serve {

/// What happened, for clients that may come late or come again: each event has a number, and a
/// client that names the last one it has seen gets all that came since.
///
/// Of events with a key (the row of a run) only the newest of each key is kept, so a client that is
/// slow, or was away, gets the state of now and no history of it. Events without a key (a finding)
/// are all kept, the last kMost of them.
/// Threads  Any.
class EventLog {
 public:
  static constexpr std::size_t kMost = 4096;

  struct Event {
    std::uint64_t number = 0;  ///< ascending from 1
    std::string type;
    std::string key;
    std::string data;  ///< JSON, one line
  };
  struct Batch {
    std::vector<Event> events;  ///< ascending
    bool missed = false;     ///< events that the client has not seen are gone: it must begin anew
    std::uint64_t last = 0;  ///< the newest number there is
  };

  /// The beginning of every id: another one after a restart, so that no client mistakes numbers.
  explicit EventLog(std::string epoch) : epoch_(std::move(epoch)) {}

  void add(std::string type, std::string key, std::string data);
  /// What came after `number`; waits up to `wait` for something to come.
  Batch after(std::uint64_t number, std::chrono::milliseconds wait);
  std::uint64_t last() const;
  /// Ends all waiting, now and later.
  void close();
  bool is_closed() const;

  /// "EPOCH-NUMBER"
  std::string id_of(std::uint64_t number) const;
  /// The number of an id of this log; nothing for that of another one, or for text that is none.
  std::optional<std::uint64_t> number_of(std::string_view id) const;

 private:
  const std::string epoch_;
  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::deque<Event> events_;
  std::uint64_t last_ = 0;
  std::uint64_t dropped_ = 0;  ///< the newest event without a key that is gone
  bool closed_ = false;
};

}  // namespace plumb::serve
