// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/interrupt.h"

#include <atomic>
#include <csignal>

namespace plumb::cli {

namespace {
// Any thread may run the handler.
std::atomic<bool> g_interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "only then may a handler write it");

void on_signal(int signal) {
  g_interrupted.store(true);
  std::signal(signal, SIG_DFL);
}
}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() { return g_interrupted.load(); }

}  // namespace plumb::cli
