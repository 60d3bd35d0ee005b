// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace plumb {

/// While one lives, no signal interrupts the thread that made it; what arrives waits until the last
/// one of the thread is gone. Those that report a fault of the thread itself (SIGSEGV, SIGFPE ...)
/// come at once.
///
/// One costs two system calls, a further one of the same thread nothing: make it around much work
/// where little work needs it.
/// Threads Each thread has its own; destroy it on the thread that made it.
class HeldSignals {
 public:
  HeldSignals();
  ~HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
};

}  // namespace plumb
