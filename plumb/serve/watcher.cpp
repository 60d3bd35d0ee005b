// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/watcher.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "plumb/serve/live_json.h"

namespace plumb::serve {

namespace {

/// What makes two findings of one run the same one, whatever its numbers become.
std::string key_of(const Finding& finding) {
  return finding.rule + " " + std::string(to_string(finding.place.of)) + " " +
         std::to_string(finding.place.id) + (finding.place.reverse ? " reverse" : "");
}

/// The row without what changes while nothing happens.
std::string lasting(RunRow row, std::size_t id) {
  row.age_s = 0;
  row.seconds_left = RunRow::kNone;
  return row_json(row, id);
}

}  // namespace

Watcher::Watcher(RunFolder folder, EventLog& log) : folder_(std::move(folder)), log_(log) {}

Watcher::~Watcher() { stop(); }

void Watcher::start() {
  thread_ = std::thread([this] { work(); });
}

void Watcher::stop() {
  log_.close();
  if (thread_.joinable()) thread_.join();
}

void Watcher::work() {
  while (!log_.is_closed()) {
    const auto begin = std::chrono::steady_clock::now();
    tick();
    const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    // At least as much rest as work: many large files make the looks rarer, not the machine slower.
    std::this_thread::sleep_for(
        std::max(kTick - spent, std::min<std::chrono::milliseconds>(spent, 4 * kTick)));
  }
}

void Watcher::tick() {
  const auto now = std::chrono::steady_clock::now();
  if (last_scan_ == std::chrono::steady_clock::time_point{} || now - last_scan_ >= kScan) {
    scan();
    last_scan_ = now;
  }
  for (std::size_t id = 0; id < watched_.size(); ++id) {
    const std::lock_guard lock(mutex_);
    if (watched_[id].present) read(id);
  }
}

void Watcher::scan() {
  const std::vector<RunPath> found = folder_.runs();
  const std::lock_guard lock(mutex_);
  for (std::size_t id = 0; id < watched_.size(); ++id) {
    Watched& one = watched_[id];
    const bool is_there =
        std::any_of(found.begin(), found.end(),
                    [&](const RunPath& run) { return run.path == one.run.path; }) &&
        read_file_status(one.run.path).has_value();
    if (one.present && !is_there) {
      log_.add("gone", std::to_string(id), "{\"id\":" + std::to_string(id) + "}");
      one.live.reset();
      one.row.reset();
      one.status.reset();
      one.sent.clear();
      one.findings.clear();
    }
    one.present = is_there;
  }
  for (const RunPath& run : found) {
    const bool known = std::any_of(watched_.begin(), watched_.end(),
                                   [&](const Watched& one) { return one.run.path == run.path; });
    if (!known) watched_.push_back({run, true, {}, nullptr, {}, {}, {}});
  }
}

void Watcher::read(std::size_t id) {
  Watched& one = watched_[id];
  const std::optional<FileStatus> now = read_file_status(one.run.path);
  if (!now) return;  // the next scan says that it is gone
  if (one.status && !(one.status->identity == now->identity)) {
    one.live.reset();
    one.row.reset();
    one.findings.clear();
    one.status.reset();
  }
  const bool is_over = one.row && one.row->standing == Standing::ended && !one.live;
  const bool changed =
      !one.status || one.status->size_bytes != now->size_bytes || now->age_s < kMoment_s;
  if (is_over && (!changed || now->age_s >= kMoment_s)) return;
  try {
    if (!one.live) {
      if (one.row && !one.row->problem.empty() && !changed) return;
      one.live = std::make_unique<LiveRun>(one.run.path);
    }
    const bool came = one.live->poll() || one.live->is_behind();
    const bool had_row = one.row.has_value();
    one.status = now;
    if (came || !had_row || one.row->standing != Standing::ended)
      tell(id, row_of(*one.live, one.run.name, *now));
    if (one.row && one.row->standing == Standing::ended && !one.live->is_behind()) one.live.reset();
  } catch (const std::exception& error) {
    one.live.reset();
    one.status = now;
    tell(id, broken_row(one.run.path, one.run.name, error.what()));
  }
}

void Watcher::tell(std::size_t id, RunRow row) {
  Watched& one = watched_[id];
  if (one.live) {
    for (const Finding& finding : one.live->findings()) {
      if (finding.severity == Severity::note || !one.findings.insert(key_of(finding)).second)
        continue;
      log_.add("finding", "", news_json(row, id, finding, one.live->info()));
    }
  }
  std::string text = lasting(row, id);
  if (text != one.sent) {
    log_.add("run", std::to_string(id), row_json(row, id));
    one.sent = std::move(text);
  }
  one.row = std::move(row);
}

std::string Watcher::rows_json() const {
  const std::lock_guard lock(mutex_);
  std::string all = "[";
  for (std::size_t id = 0; id < watched_.size(); ++id) {
    if (watched_[id].row) all += (all.size() > 1 ? "," : "") + row_json(*watched_[id].row, id);
  }
  return all + "]";
}

std::optional<std::string> Watcher::view(std::size_t id) const {
  const std::optional<std::string> path = path_of(id);
  if (!path) return std::nullopt;
  RunRow row;
  {
    const std::lock_guard lock(mutex_);
    if (!watched_[id].row) return std::nullopt;
    row = *watched_[id].row;
    if (watched_[id].live) return view_json(*watched_[id].live, row, id);
  }
  try {
    // One that is over: read for the asker, without holding up the others.
    LiveRun run(*path);
    while (run.poll()) {
    }
    return view_json(run, row, id);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

std::optional<std::string> Watcher::path_of(std::size_t id) const {
  const std::lock_guard lock(mutex_);
  if (id >= watched_.size() || !watched_[id].present) return std::nullopt;
  return watched_[id].run.path;
}

}  // namespace plumb::serve
