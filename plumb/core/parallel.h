// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

namespace plumb {

/// A fixed set of threads that split index ranges. The split depends on the range and the thread
/// count alone, never on timing, so a computation that gives each index to one chunk is
/// deterministic.
///
/// Threads One pool is driven by one thread at a time; run() returns when all chunks are done. The
///         threads of the pool take no signals of the process.
/// Errors  UsageError for fewer than one thread. An exception in a chunk is rethrown by run() after all chunks ended. std::system_error
///         from the constructor where the system starts no further thread.
class ThreadPool {
 public:
  /// thread_count >= 1 counts the calling thread: 1 starts no thread at all.
  explicit ThreadPool(int thread_count);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int thread_count() const;

  /// Calls body(begin, end) on contiguous chunks of [0, count), at most one chunk a thread, each of
  /// at least `grain` indices (one chunk if count is smaller) and each but the last a multiple of
  /// `grain`. Does not allocate.
  template <class Body>
  void run(std::int64_t count, std::int64_t grain, const Body& body) {
    run_erased(count, grain, &body, [](const void* b, std::int64_t begin, std::int64_t end) {
      (*static_cast<const Body*>(b))(begin, end);
    });
  }

 private:
  using Erased = void (*)(const void* body, std::int64_t begin, std::int64_t end);
  void run_erased(std::int64_t count, std::int64_t grain, const void* body, Erased call);

  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plumb
