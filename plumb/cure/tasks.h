// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

namespace plumb {

/// Calls work(0) to work(count - 1), each once, on up to `jobs` threads, and returns when all are
/// done. What a task gives depends on its number alone, so the results are the same for any number
/// of jobs.
/// Errors  The exception of the task with the lowest number that threw, after all that had begun have
///         ended; no further ones are begun then. They are begun in order, so for any number of jobs
///         it is the same one.
void run_tasks(std::size_t count, int jobs, const std::function<void(std::size_t index)>& work);

}  // namespace plumb
