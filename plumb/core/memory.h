// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <new>
#include <string>

namespace plumb {

/// Something needs more memory than there is. what() says what, how much and how much is free.
class MemoryError : public std::bad_alloc {
 public:
  explicit MemoryError(std::string message) : message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

/// What the system can give this process now: what Linux calls available, or less where a control
/// group (a container, a batch job) has a limit; 0 where it cannot be told.
/// Source  proc(5), MemAvailable; Linux, Documentation/admin-guide/cgroup-v2.rst, memory.max.
std::int64_t available_memory_bytes();

/// Throws MemoryError if so many bytes are certainly not there: "WHAT takes 371.0 GB of memory, 5.1
/// GB are free". Asks the system only where the bytes are many.
void require_memory(const std::string& what, double bytes);

/// "371.0 GB", "5.0 MB".
std::string show_bytes(double bytes);

}  // namespace plumb
