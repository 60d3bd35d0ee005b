// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/core/signals.h"

namespace plumb {

namespace {
/// A layer of a training step takes microseconds, so a worker spins this often before it sleeps.
constexpr int kSpins = 20000;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}
}  // namespace

struct ThreadPool::State {
  std::vector<std::thread> workers;
  std::mutex mutex;
  std::condition_variable wake;
  std::atomic<std::uint64_t> generation{0};
  std::atomic<int> pending{0};
  std::atomic<bool> stopping{false};
  std::exception_ptr error;

  Erased call = nullptr;
  const void* body = nullptr;
  std::int64_t count = 0;
  std::int64_t chunk = 0;

  void run_chunk(int index) {
    const std::int64_t begin = std::min(count, chunk * index);
    const std::int64_t end = std::min(count, begin + chunk);
    if (begin >= end) return;
    try {
      call(body, begin, end);
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!error) error = std::current_exception();
    }
  }

  void work(int index) {
    const HeldSignals held;
    std::uint64_t seen = 0;
    while (true) {
      for (int spin = 0; spin < kSpins && generation.load(std::memory_order_acquire) == seen;
           ++spin) {
        pause();
      }
      if (generation.load(std::memory_order_acquire) == seen) {
        std::unique_lock lock(mutex);
        wake.wait(lock, [&] { return generation.load(std::memory_order_acquire) != seen; });
      }
      seen = generation.load(std::memory_order_acquire);
      if (stopping.load(std::memory_order_acquire)) return;
      run_chunk(index);
      pending.fetch_sub(1, std::memory_order_release);
    }
  }

  void announce() {
    {
      // The lock pairs with the wait above: no worker can fall asleep between its check and the
      // notice.
      const std::lock_guard lock(mutex);
      generation.fetch_add(1, std::memory_order_release);
    }
    wake.notify_all();
  }

  void stop() {
    stopping.store(true, std::memory_order_release);
    announce();
    for (std::thread& worker : workers) worker.join();
  }
};

ThreadPool::ThreadPool(int thread_count) : state_(std::make_unique<State>()) {
  if (thread_count < 1) {
    throw UsageError("ThreadPool of " + std::to_string(thread_count) +
                     " threads, expected 1 or more: the calling thread counts");
  }
  try {
    for (int index = 1; index < thread_count; ++index) {
      state_->workers.emplace_back([state = state_.get(), index] { state->work(index); });
    }
  } catch (...) {
    state_->stop();
    throw;
  }
}

ThreadPool::~ThreadPool() { state_->stop(); }

int ThreadPool::thread_count() const { return static_cast<int>(state_->workers.size()) + 1; }

void ThreadPool::run_erased(std::int64_t count, std::int64_t grain, const void* body, Erased call) {
  if (count <= 0) return;
  grain = std::max<std::int64_t>(grain, 1);
  const std::int64_t threads = thread_count();
  const std::int64_t grains = (count + grain - 1) / grain;
  const std::int64_t chunk = (grains + threads - 1) / threads * grain;
  if (threads == 1 || chunk >= count) {
    call(body, 0, count);
    return;
  }
  State& s = *state_;
  s.call = call;
  s.body = body;
  s.count = count;
  s.chunk = chunk;
  s.error = nullptr;
  s.pending.store(static_cast<int>(s.workers.size()), std::memory_order_relaxed);
  s.announce();
  s.run_chunk(0);
  while (s.pending.load(std::memory_order_acquire) != 0) pause();
  if (s.error) std::rethrow_exception(s.error);
}

}  // namespace plumb
