// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

namespace plumb::zoo {

/// Calls task(0) ... task(count - 1), each once, on `jobs` threads that take the next one when they
/// are free. What a task writes to a place of its own is the same for any number of jobs.
/// Errors  The exception of the first task (by number) that threw, after all threads ended; no
///         further tasks are begun then.
void run_tasks(std::size_t count, int jobs, const std::function<void(std::size_t)>& task);

}  // namespace plumb::zoo
