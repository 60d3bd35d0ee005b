// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/thinning.h"

#include <cmath>
#include <limits>
#include <queue>
#include <tuple>

#include "plumb/store/step_rows.h"

namespace plumb::store {

namespace {

constexpr std::int64_t kPagesFreed_fraction = 4;  // our choice: a quarter, so that thinning is rare
constexpr std::int64_t kRowsKept = 4;  // one of so many: fewer would leave half-empty pages behind

constexpr const char* kDropLayouts =
    "DELETE FROM layout WHERE id < ? AND id NOT IN ("
    "SELECT sketch_layout FROM measurement WHERE sketch_layout IS NOT NULL UNION "
    "SELECT activation_layout FROM measurement WHERE activation_layout IS NOT NULL UNION "
    "SELECT join_layout FROM measurement WHERE join_layout IS NOT NULL UNION "
    "SELECT symmetry_layout FROM measurement WHERE symmetry_layout IS NOT NULL UNION "
    "SELECT time_layout FROM measurement WHERE time_layout IS NOT NULL UNION "
    "SELECT inner_layout FROM measurement WHERE inner_layout IS NOT NULL UNION "
    "SELECT block_layout FROM measurement WHERE block_layout IS NOT NULL UNION "
    "SELECT signal_layout FROM measurement WHERE signal_layout IS NOT NULL)";

std::int64_t pragma(const Database& database, const char* sql) {
  Statement statement(database, sql);
  return statement.next() ? statement.integer(0) : 0;
}

std::vector<Weighed> weighed_steps(const Database& database) {
  std::vector<Weighed> steps;
  Statement row(database,
                "SELECT m.step, coalesce(length(sketches), 0) + coalesce(length(activations), 0) + "
                "coalesce(length(joins), 0) + coalesce(length(symmetries), 0) + "
                "coalesce(length(times), 0) + coalesce(length(inner), 0) + "
                "coalesce(length(blocks), 0) + coalesce(length(signals), 0) + "
                "coalesce(length(histograms), 0) "
                "FROM measurement m LEFT JOIN histogram h ON h.step = m.step ORDER BY m.step");
  while (row.next()) steps.push_back({row.integer(0), row.integer(1)});
  return steps;
}

void add_steps_of_findings(const Database& database, std::set<std::int64_t>& wanted) {
  Statement row(database, "SELECT first_step, last_step FROM finding");
  while (row.next()) wanted.insert({row.integer(0), row.integer(1)});
}

}  // namespace

std::vector<std::int64_t> steps_to_drop(std::span<const Weighed> steps,
                                        const std::set<std::int64_t>& wanted, std::int64_t bytes) {
  constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();
  std::vector<std::int64_t> dropped;
  const std::size_t n = steps.size();
  if (n < 3) return dropped;
  std::vector<std::size_t> before(n), after(n);
  std::vector<double> place(n);
  for (std::size_t i = 0; i < n; ++i) {
    before[i] = i == 0 ? kNone : i - 1;
    after[i] = i + 1 == n ? kNone : i + 1;
    // As doubles: the numbers of two steps may differ by more than 2^63.
    place[i] = std::log1p(static_cast<double>(steps[i].step) - static_cast<double>(steps[0].step));
  }
  // (wanted, distance of the neighbours, place in `steps`), the smallest first; an entry whose
  // distance has grown since is put back.
  using Entry = std::tuple<bool, double, std::size_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
  const auto entry = [&](std::size_t i) {
    return Entry{wanted.contains(steps[i].step), place[after[i]] - place[before[i]], i};
  };
  for (std::size_t i = 1; i + 1 < n; ++i) queue.push(entry(i));
  while (bytes > 0 && !queue.empty()) {
    const Entry top = queue.top();
    queue.pop();
    const std::size_t i = std::get<2>(top);
    if (const Entry now = entry(i); now != top) {
      queue.push(now);
      continue;
    }
    dropped.push_back(steps[i].step);
    bytes -= steps[i].bytes;
    after[before[i]] = after[i];
    before[after[i]] = before[i];
  }
  return dropped;
}

bool thin(Database& database, const std::set<std::int64_t>& wanted, std::int64_t oldest_layout,
          std::int64_t max_bytes) {
  Transaction transaction(database, Access::write);
  std::set<std::int64_t> all_wanted = wanted;
  add_steps_of_findings(database, all_wanted);
  const auto dropped =
      steps_to_drop(weighed_steps(database), all_wanted, max_bytes / kPagesFreed_fraction);
  if (dropped.empty()) {
    Statement ranked(
        database,
        "DELETE FROM step WHERE (measured = 0 OR thinned = 1) AND step IN (SELECT step FROM "
        "(SELECT step, row_number() OVER (ORDER BY step) AS place FROM step) "
        "WHERE place % ? <> 1) AND step < (SELECT max(step) FROM step)");
    ranked.run(kRowsKept);
    const bool any = pragma(database, "SELECT changes()") > 0;
    transaction.commit();
    return any;
  }
  Statement from_measurement(database, "DELETE FROM measurement WHERE step = ?");
  Statement from_histogram(database, "DELETE FROM histogram WHERE step = ?");
  // 0 and 1 take the same room: a full file has none for a row that grows.
  Statement mark(database, "UPDATE step SET thinned = 1 WHERE step = ?");
  for (const std::int64_t step : dropped) {
    from_measurement.run(step);
    from_histogram.run(step);
    mark.run(step);
  }
  Statement(database, kDropLayouts).run(oldest_layout);
  transaction.commit();
  return true;
}

std::int64_t used_bytes(const Database& database) {
  const std::int64_t pages =
      pragma(database, "PRAGMA page_count") - pragma(database, "PRAGMA freelist_count");
  return pages * pragma(database, "PRAGMA page_size");
}

}  // namespace plumb::store
