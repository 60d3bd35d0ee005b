// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/ranks.h"

#ifdef PLUMB_MPI
#include <mpi.h>
#endif

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "plumb/core/error.h"

namespace plumb {

#ifdef PLUMB_MPI

namespace {

enum Tag : int { kTask = 1, kAnswer = 2, kEnd = 3 };
constexpr char kDone = '+', kFailed = '-';

/// What starts ranks says so: Open MPI, PMI (MPICH, Slurm) and PMIx.
bool is_in_job() {
  for (const char* const name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "PMI_RANK", "PMIX_RANK"}) {
    if (std::getenv(name) != nullptr) return true;
  }
  return false;
}

/// MPI's own waiting takes a whole core.
void wait_a_little() { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }

void send(int rank, Tag tag, const std::string& text) {
  MPI_Send(text.data(), static_cast<int>(text.size()), MPI_CHAR, rank, tag, MPI_COMM_WORLD);
}

struct Message {
  int tag = 0;
  std::string text;
};

/// What came from that rank, if something did.
std::optional<Message> received(int rank) {
  int is_there = 0;
  MPI_Status status;
  MPI_Iprobe(rank, MPI_ANY_TAG, MPI_COMM_WORLD, &is_there, &status);
  if (is_there == 0) return std::nullopt;
  int size = 0;
  MPI_Get_count(&status, MPI_CHAR, &size);
  Message message{status.MPI_TAG, std::string(static_cast<std::size_t>(size), '\0')};
  MPI_Recv(message.text.data(), size, MPI_CHAR, rank, status.MPI_TAG, MPI_COMM_WORLD,
           MPI_STATUS_IGNORE);
  return message;
}

}  // namespace

struct Ranks::Job {
  std::mutex mutex;  ///< of MPI itself, and of what is below
  std::vector<int> idle;
};

Ranks::Ranks() {
  if (!is_in_job()) return;
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
  MPI_Comm_size(MPI_COMM_WORLD, &count_);
  job_ = std::make_unique<Job>();
  // Where it may not be called from the threads that wait, the others stay idle.
  if (provided < MPI_THREAD_SERIALIZED) return;
  for (int rank = 1; rank < count_; ++rank) job_->idle.push_back(rank);
}

Ranks::~Ranks() {
  if (!job_) return;
  for (int rank = 1; rank_ == 0 && rank < count_; ++rank) send(rank, kEnd, {});
  MPI_Finalize();
}

std::optional<std::string> Ranks::ask(const std::string& task) {
  if (!job_) return std::nullopt;
  int rank = 0;
  {
    const std::lock_guard lock(job_->mutex);
    if (job_->idle.empty()) return std::nullopt;
    rank = job_->idle.back();
    job_->idle.pop_back();
    send(rank, kTask, task);
  }
  for (;;) {
    wait_a_little();
    const std::lock_guard lock(job_->mutex);
    const std::optional<Message> message = received(rank);
    if (!message) continue;
    job_->idle.push_back(rank);
    if (message->text.front() == kFailed) throw std::runtime_error(message->text.substr(1));
    return message->text.substr(1);
  }
}

void Ranks::serve(const std::function<std::string(const std::string& task)>& answer) {
  for (;;) {
    const std::optional<Message> message = received(0);
    if (!message) {
      wait_a_little();
      continue;
    }
    if (message->tag == kEnd) return;
    std::string text;
    try {
      text = kDone + answer(message->text);
    } catch (const std::exception& error) {
      text = std::string(1, kFailed) + error.what();
    }
    send(0, kAnswer, text);
  }
}

#else

struct Ranks::Job {};

Ranks::Ranks() {
  for (const char* const name : {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE"}) {
    const char* const size = std::getenv(name);
    if (size == nullptr || std::atoi(size) < 2) continue;
    throw UsageError(
        fmt::format("{} processes of MPI, but plumb was built without it: expected a build with "
                    "-DPLUMB_MPI=ON, "
                    "or one process",
                    size));
  }
}
Ranks::~Ranks() = default;
std::optional<std::string> Ranks::ask(const std::string&) { return std::nullopt; }
void Ranks::serve(const std::function<std::string(const std::string& task)>&) {}

#endif

}  // namespace plumb
