// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <filesystem>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/store/finding_rows.h"
#include "plumb/store/graph_check.h"
#include "plumb/store/info_rows.h"
#include "plumb/store/run_file.h"
#include "plumb/store/schema.h"
#include "plumb/store/step_rows.h"
#include "plumb/store/thinning.h"

namespace plumb {

namespace {

using Clock = std::chrono::steady_clock;
using Findings = std::vector<Finding>;
using Item = std::variant<RunInfo, store::PackedStep, RunEnd, Findings>;

// Half of the promised interval gathers records, the other half is for writing them. In between
// nobody holds the file's write lock, so findings can be saved while the run grows.
constexpr auto kGather = std::chrono::duration_cast<Clock::duration>(
    std::chrono::duration<double>(RunWriter::kCommitInterval_s / 2));
constexpr std::int64_t kGather_bytes = 8 << 20;  // our choice: more does not make a commit cheaper
constexpr std::int64_t kPage_bytes = 4096;
// Of the bound, what is written at once: room for it is made by one thinning.
constexpr std::int64_t kPart_fraction = 8;
constexpr auto kCloseTimeout = std::chrono::seconds(1);

/// Of the processor, that the calling thread took so far; 0 where the system does not tell.
double thread_time_s() {
#ifdef CLOCK_THREAD_CPUTIME_ID
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
#else
  return 0;
#endif
}

/// A file by what it is, whatever its name becomes. O_PATH, since closing another descriptor of the
/// file would drop the locks that SQLite holds on it.
class Handle {
 public:
  explicit Handle(const std::string& path) : file_(::open(path.c_str(), O_PATH | O_CLOEXEC)) {}
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {
    if (file_ >= 0) ::close(file_);
  }
  /// `path` if it is still the file's, else the name that it has now, if any.
  std::optional<std::string> name(const std::string& path) const {
    struct stat own {
    }, there{};
    if (file_ < 0 || ::fstat(file_, &own) != 0 || own.st_nlink == 0) return std::nullopt;
    if (::stat(path.c_str(), &there) == 0 && own.st_ino == there.st_ino &&
        own.st_dev == there.st_dev) {
      return path;
    }
    std::error_code error;
    const auto now = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(file_), error);
    const bool is_it = !error && ::stat(now.c_str(), &there) == 0 && own.st_ino == there.st_ino &&
                       own.st_dev == there.st_dev;
    return is_it ? std::optional(now.string()) : std::nullopt;
  }

 private:
  int file_;
};

}  // namespace

struct RunWriter::State {
  State(const std::string& path, const RunWriterOptions& with)
      : options(with),
        database(store::create_run_file(
            path, with.file_system ? with.file_system : store::file_system_type)),
        handle(path) {
    inserter.emplace(database);
  }

  void work();
  void write(const std::vector<Item>& batch);
  void write_part(std::span<const Item> part);
  void insert(std::span<const Item> part, bool with_records = true);
  bool free_space();
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
  store::GraphSize graph;
  std::optional<std::int64_t> last_step;
  bool begun = false;
  bool closed = false;

  // The writer thread's side.
  store::Database database;
  Handle handle;
  std::optional<store::StepInserter> inserter;
  std::int64_t oldest_layout = 0;  ///< that steps yet to come may refer to

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
  std::set<std::int64_t> wanted;  ///< steps that keep() named
  std::atomic<double> writing_s = 0;

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
    writing_s = thread_time_s();
    lock.lock();
    busy = false;
    if (what) error = what;
    work_done.notify_all();
  }
}

// In parts that a bounded file can make room for.
void RunWriter::State::write(const std::vector<Item>& batch) {
  const std::span<const Item> all(batch);
  std::size_t begin = 0;
  std::int64_t bytes = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto* step = std::get_if<store::PackedStep>(&all[i]);
    const std::int64_t more = step == nullptr ? 0 : step->size_bytes();
    if (options.max_file_bytes > 0 && i > begin &&
        bytes + more > options.max_file_bytes / kPart_fraction) {
      write_part(all.subspan(begin, i - begin));
      begin = i;
      bytes = 0;
    }
    bytes += more;
  }
  write_part(all.subspan(begin));
}

void RunWriter::State::write_part(std::span<const Item> part) {
  for (;;) {
    try {
      return insert(part);
    } catch (const store::FullError&) {
      if (!free_space()) break;
    }
  }
  if (part.size() > 1) {
    for (const Item& item : part) write_part({&item, 1});
  } else {
    insert(part, false);
  }
}

void RunWriter::State::insert(std::span<const Item> part, bool with_records) {
  store::Transaction transaction(database, store::Access::write);
  for (const Item& item : part) {
    if (const auto* info = std::get_if<RunInfo>(&item)) {
      store::replace_info(database, *info);
    } else if (const auto* step = std::get_if<store::PackedStep>(&item)) {
      inserter->insert(*step, with_records);
      oldest_layout = step->oldest_layout;
    } else if (const auto* findings = std::get_if<Findings>(&item)) {
      const std::string problem = store::check_findings(store::read_info(database), *findings);
      if (!problem.empty()) throw StoreError(database.path() + ": " + problem);
      store::replace_findings(database, *findings);
    } else {
      const RunEnd& end = std::get<RunEnd>(item);
      store::Statement(database, "INSERT INTO run_end VALUES(?,?,?)")
          .run(end.reason, end.steps, end.time_s);
    }
  }
  transaction.commit();
}

// Nothing to gain where the disk is full and the file is not.
bool RunWriter::State::free_space() {
  if (2 * store::used_bytes(database) < options.max_file_bytes) return false;
  std::unique_lock lock(mutex);
  const std::set<std::int64_t> asked = wanted;
  lock.unlock();
  return store::thin(database, asked, oldest_layout, options.max_file_bytes);
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
  grow(info);
}

void RunWriter::grow(const RunInfo& info) {
  if (!state_->begun) return state_->fail("grow() called before begin()");
  if (const std::string problem = store::check_graph(info); !problem.empty()) {
    return state_->fail(problem);
  }
  state_->graph = store::GraphSize::of(info);
  state_->push(info, 0, true);
}

void RunWriter::keep(std::int64_t step) {
  const std::lock_guard lock(state_->mutex);
  state_->wanted.insert(step);
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
    for (const store::Layout& layout : packed.new_layouts) {
      const std::string problem =
          store::check_layout(layout.kind, layout.keys, state_->graph, state_->packer.last_sites());
      if (!problem.empty()) {
        return state_->fail("step " + std::to_string(step.step) + " has " +
                            store::to_string(layout.kind) + " whose layout " + problem);
      }
    }
    const std::int64_t size_bytes = packed.size_bytes();
    state_->push(std::move(packed), size_bytes, false);
  } catch (const StoreError& error) {
    state_->fail(error.what());
  } catch (const std::bad_alloc&) {
    state_->fail("out of memory");
  }
}

void RunWriter::end(const RunEnd& end) {
  if (!state_->begun) return state_->fail("end() called before begin()");
  state_->push(end, 0, true);
}

void RunWriter::write_findings(std::span<const Finding> findings) {
  if (!state_->begun) return state_->fail("write_findings() called before begin()");
  state_->push(Findings(findings.begin(), findings.end()), 0, true);
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

double RunWriter::writing_s() const { return state_->writing_s; }

std::optional<std::string> RunWriter::where() const {
  return state_->handle.name(state_->database.path());
}

}  // namespace plumb
