// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/signals.h"

#include <pthread.h>

#include <csignal>
#include <initializer_list>

namespace plumb {

namespace {
thread_local int t_held = 0;
thread_local sigset_t t_before;  // what the thread had blocked by itself
}  // namespace

HeldSignals::HeldSignals() {
  if (t_held++ > 0) return;
  sigset_t all;
  sigfillset(&all);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT}) {
    sigdelset(&all, fault);
  }
  pthread_sigmask(SIG_BLOCK, &all, &t_before);
}

HeldSignals::~HeldSignals() {
  if (--t_held == 0) pthread_sigmask(SIG_SETMASK, &t_before, nullptr);
}

}  // namespace plumb
