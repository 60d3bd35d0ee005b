// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/store/run_file.h"
#include "plumb/store/run_inserter.h"
#include "plumb/store/schema.h"

namespace plumb {

namespace {

using Clock = std::chrono::steady_clock;
using Item = std::variant<RunInfo, store::PackedStep, RunEnd>;

// Half of the promised interval gathers records, the other half is for writing them. In between
// nobody holds the file's write lock, so findings can be saved while the run grows.
constexpr auto kGather = std::chrono::duration_cast<Clock::duration>(
    std::chrono::duration<double>(RunWriter::kCommitInterval_s / 2));
constexpr std::int64_t kGather_bytes = 8 << 20;  // our choice: more does not make a commit cheaper
constexpr std::int64_t kPage_bytes = 4096;
constexpr auto kCloseTimeout = std::chrono::seconds(1);

}  // namespace

struct RunWriter::State {
  State(const std::string& path, const RunWriterOptions& with)
      : options(with), database(store::create_run_file(path)) {
    inserter.emplace(database);
  }

  void work();
  void write(const std::vector<Item>& batch);
  void fold_log();
  void push(Item item, std::int64_t size_bytes, bool wait);
  void fail(const std::string& what);
  bool failed() const {
    const std::lock_guard lock(mutex);
    return error.has_value();
  }

  const RunWriterOptions options;

  // The caller's side.
  store::StepPacker packer;
  std::optional<std::int64_t> last_step;
  bool begun = false;
  bool closed = false;

  // The writer thread's side.
  store::Database database;
  std::optional<store::RunInserter> inserter;

  // Shared, under the mutex.
  mutable std::mutex mutex;
  std::condition_variable work_came, work_done;
  std::vector<Item> queue;
  std::int64_t queue_bytes = 0;
  Clock::time_point oldest;
  bool urgent = false;
  bool busy = false;
  bool stopping = false;
  std::optional<std::string> error;

  std::thread thread;
};

void RunWriter::State::work() {
  std::unique_lock lock(mutex);
  for (;;) {
    work_came.wait(lock, [&] { return stopping || !queue.empty(); });
    if (queue.empty()) return;
    work_came.wait_until(lock, oldest + kGather,
                         [&] { return stopping || urgent || queue_bytes >= kGather_bytes; });
    const std::vector<Item> batch = std::exchange(queue, {});
    queue_bytes = 0;
    urgent = false;
    busy = true;
    const bool skip = error.has_value();
    lock.unlock();
    std::optional<std::string> what;
    if (!skip) {
      try {
        write(batch);
      } catch (const std::exception& exception) {
        what = exception.what();
      }
    }
    lock.lock();
    busy = false;
    if (what) error = what;
    work_done.notify_all();
  }
}

void RunWriter::State::write(const std::vector<Item>& batch) {
  store::Transaction transaction(database, store::Access::write);
  for (const Item& item : batch) {
    std::visit([&](const auto& record) { inserter->insert(record); }, item);
  }
  transaction.commit();
}

void RunWriter::State::push(Item item, std::int64_t size_bytes, bool wait) {
  std::unique_lock lock(mutex);
  work_done.wait(lock, [&] { return error || queue_bytes < options.max_queue_bytes; });
  if (error) return;
  const bool first = queue.empty();
  if (first) oldest = Clock::now();
  queue.push_back(std::move(item));
  queue_bytes += size_bytes;
  urgent = urgent || wait;
  // Only where the thread would act on it: waking it at each step costs more than adding the step.
  if (first || urgent || queue_bytes >= kGather_bytes) work_came.notify_one();
  if (wait) work_done.wait(lock, [&] { return error || (queue.empty() && !busy); });
}

void RunWriter::State::fail(const std::string& what) {
  const std::lock_guard lock(mutex);
  if (!error) error = database.path() + ": " + what;
}

// Leaves one file, in the mode that can be read from anywhere. A reader that has the file open just
// now may prevent it; then the run is complete all the same, with its log beside it.
void RunWriter::State::fold_log() {
  const auto deadline = Clock::now() + kCloseTimeout;
  while (database.attempt("PRAGMA journal_mode = DELETE") == store::Database::Outcome::busy &&
         Clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

RunWriter::RunWriter(const std::string& path, const RunWriterOptions& options)
    : state_(std::make_unique<State>(path, options)) {
  if (options.max_file_bytes > 0) {
    const auto pages = std::to_string(options.max_file_bytes / kPage_bytes);
    state_->database.execute(("PRAGMA max_page_count = " + pages).c_str());
  }
  state_->thread = std::thread([state = state_.get()] { state->work(); });
}

RunWriter::~RunWriter() {
  try {
    close();
  } catch (const StoreError&) {  // kept in error() until now, and nobody is left to tell
  }
}

void RunWriter::begin(const RunInfo& info) {
  if (state_->begun) return state_->fail("begin() called twice");
  state_->begun = true;
  state_->push(info, 0, true);
}

void RunWriter::add(const StepRecord& step) {
  if (state_->failed()) return;
  if (!state_->begun) return state_->fail("add() called before begin()");
  if (state_->last_step && step.step <= *state_->last_step) {
    return state_->fail("step " + std::to_string(step.step) + " after step " +
                        std::to_string(*state_->last_step) + ", expected ascending steps");
  }
  state_->last_step = step.step;
  try {
    store::PackedStep packed = state_->packer.pack(step);
    const std::int64_t size_bytes = packed.size_bytes();
    state_->push(std::move(packed), size_bytes, false);
  } catch (const std::bad_alloc&) {
    state_->fail("out of memory");
  }
}

void RunWriter::end(const RunEnd& end) {
  if (!state_->begun) return state_->fail("end() called before begin()");
  state_->push(end, 0, true);
}

void RunWriter::close() {
  if (state_->closed) return;
  state_->closed = true;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->work_came.notify_one();
  }
  state_->thread.join();
  state_->inserter.reset();  // SQLite keeps a connection open for as long as it has statements
  state_->fold_log();
  state_->database.close();
  if (const auto what = error()) throw StoreError(*what);
}

std::optional<std::string> RunWriter::error() const {
  const std::lock_guard lock(state_->mutex);
  return state_->error;
}

}  // namespace plumb
