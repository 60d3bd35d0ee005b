// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "plumb/record/step_record.h"
#include "plumb/store/columns.h"
#include "plumb/store/series_bytes.h"

/// Which fields of which records stand in which columns, said once for both directions. Private to
/// store/.
///
/// What says who is measured (keys: the sites, the layers, the readers of a join) is the same from
/// step to step and stands in columns of its own, the layout; the measured values stand in others.
/// The walks below tell an `io` of every field in order: io.key(...) of the layout, io.value(...)
/// of the values. A ColumnSink appends columns, a ColumnSource reads them back in the same order.
namespace plumb::store {

/// The kinds of records of a step, in the order of the columns of table `measurement`.
enum class RecordKind : std::uint8_t {
  sketches,
  activations,
  joins,
  symmetries,
  times,
  inner,
  blocks,
  signals
};
inline constexpr std::size_t kRecordKinds = 8;

/// The names that a layout's numbers stand for, in both directions.
class NameTable {
 public:
  virtual ~NameTable() = default;
  virtual std::int32_t number_of(std::string_view name) = 0;
};

inline std::optional<Role> parse_name(std::string_view text, Role) { return parse_role(text); }
inline std::optional<Axis> parse_name(std::string_view text, Axis) { return parse_axis(text); }
inline std::optional<TimeQuantity> parse_name(std::string_view text, TimeQuantity) {
  return parse_time_quantity(text);
}
inline std::optional<TimeStatistic> parse_name(std::string_view text, TimeStatistic) {
  return parse_time_statistic(text);
}
inline std::optional<std::string> parse_name(std::string_view text, const std::string&) {
  return std::string(text);
}
inline std::string_view name_text(const std::string& text) { return text; }
template <class Enum>
requires std::is_enum_v<Enum> std::string_view name_text(Enum value) { return to_string(value); }

/// Every element of every list of the records, one after the other, as one list.
template <class Records, class GetList>
auto flattened(Records& records, const GetList& list) {
  std::vector<decltype(&std::invoke(list, records[0])[0])> all;
  for (auto& record : records) {
    for (auto& one : std::invoke(list, record)) all.push_back(&one);
  }
  return all;
}

template <class T>
T& element(T* pointer) {
  return *pointer;
}
template <class T>
requires(!std::is_pointer_v<T>) T& element(T& value) { return value; }

/// The width that a field is stored in.
template <class T>
using Stored = std::conditional_t<std::is_same_v<T, bool>, std::uint8_t, T>;

class ColumnSink {
 public:
  ColumnSink(Columns& keys, Columns& values, NameTable& names)
      : keys_(keys), values_(values), names_(names) {}

  template <class Records>
  void rows(const Records&) {}
  /// Whether columns that not every file has follow in the layout: the one who writes knows.
  static bool more_keys(bool wanted) { return wanted; }
  template <class Records, class Get>
  void key(const Records& records, const Get& get) {
    add(keys_, records, get);
  }
  template <class Records, class Get>
  void name(const Records& records, const Get& get) {
    const auto column = keys_.column<std::int32_t>(keys_.add<std::int32_t>(records.size()));
    for (std::size_t i = 0; i < records.size(); ++i) {
      column[i] = names_.number_of(name_text(std::invoke(get, element(records[i]))));
    }
  }
  template <class Records, class Get>
  void value(const Records& records, const Get& get) {
    add(values_, records, get);
  }
  /// The lengths of lists that the records hold.
  template <class Records, class GetList>
  void key_lengths(const Records& records, const GetList& list) {
    add_lengths(keys_, records, list);
  }
  template <class Records, class GetList>
  void value_lengths(const Records& records, const GetList& list) {
    add_lengths(values_, records, list);
  }
  void bytes(const Bytes& bytes) { values_.add(std::span<const std::uint8_t>(bytes)); }

 private:
  template <class Records, class Get>
  static void add(Columns& to, const Records& records, const Get& get) {
    using T = Stored<std::remove_cvref_t<decltype(std::invoke(get, element(records[0])))>>;
    const auto column = to.column<T>(to.add<T>(records.size()));
    for (std::size_t i = 0; i < records.size(); ++i) {
      column[i] = static_cast<T>(std::invoke(get, element(records[i])));
    }
  }
  template <class Records, class GetList>
  static void add_lengths(Columns& to, const Records& records, const GetList& list) {
    const auto column = to.column<std::int64_t>(to.add<std::int64_t>(records.size()));
    for (std::size_t i = 0; i < records.size(); ++i) {
      column[i] = static_cast<std::int64_t>(std::invoke(list, element(records[i])).size());
    }
  }

  Columns& keys_;
  Columns& values_;
  NameTable& names_;
};

/// Every member does nothing once something did not fit; `problem` then says what.
class ColumnSource {
 public:
  ColumnSource(const Columns& keys, const Columns& values, const std::vector<std::string>& names)
      : keys_(keys), values_(values), names_(names) {}

  bool ok() const { return problem_.empty(); }
  const std::string& problem() const { return problem_; }
  /// That there was no more than was read.
  void finish() {
    if (key_ != keys_.size() || value_ != values_.size()) fail("has columns that nothing reads");
  }

  /// Makes as many records as the first column of the layout is long.
  template <class Records>
  void rows(Records& records) {
    const std::size_t count = keys_.size() > key_ ? keys_.count(key_) : 0;
    if (count > kMostRecords) return fail("has too many records");
    records.resize(count);
  }
  bool more_keys(bool) const { return ok() && key_ < keys_.size(); }
  template <class Records, class Get>
  void key(Records& records, const Get& get) {
    read(keys_, key_, records, get);
  }
  template <class Records, class Get>
  void value(Records& records, const Get& get) {
    read(values_, value_, records, get);
  }
  template <class Records, class Get>
  void name(Records& records, const Get& get) {
    if (!expect<std::int32_t>(keys_, key_, records.size())) return;
    const auto column = keys_.column<std::int32_t>(key_++);
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto number = static_cast<std::size_t>(column[i]);
      if (number >= names_.size()) return fail("has a name of an unknown number");
      auto& target = std::invoke(get, element(records[i]));
      auto parsed = parse_name(names_[number], target);
      if (!parsed) return fail("has the unknown name \"" + names_[number] + "\"");
      target = std::move(*parsed);
    }
  }
  template <class Records, class GetList>
  void key_lengths(Records& records, const GetList& list) {
    read_lengths(keys_, key_, records, list);
  }
  template <class Records, class GetList>
  void value_lengths(Records& records, const GetList& list) {
    read_lengths(values_, value_, records, list);
  }
  std::span<const std::uint8_t> take_bytes() {
    if (!ok() || !values_.has(value_, 1)) {
      fail("lacks a column");
      return {};
    }
    return values_.column<std::uint8_t>(value_++);
  }
  void fail(std::string what) {
    if (ok()) problem_ = std::move(what);
  }

  /// Of one kind in one step. Our choice: what a hostile file can ask of memory.
  static constexpr std::size_t kMostRecords = std::size_t{1} << 20;

 private:
  template <class T>
  bool expect(const Columns& from, std::size_t place, std::size_t count) {
    if (ok() && (!from.has(place, sizeof(T)) || from.count(place) != count)) {
      fail("lacks a column");
    }
    return ok();
  }
  template <class Records, class Get>
  void read(const Columns& from, std::size_t& place, Records& records, const Get& get) {
    using Field = std::remove_cvref_t<decltype(std::invoke(get, element(records[0])))>;
    using T = Stored<Field>;
    if (!expect<T>(from, place, records.size())) return;
    const auto column = from.column<T>(place++);
    for (std::size_t i = 0; i < records.size(); ++i) {
      std::invoke(get, element(records[i])) = static_cast<Field>(column[i]);
    }
  }
  template <class Records, class GetList>
  void read_lengths(const Columns& from, std::size_t& place, Records& records,
                    const GetList& list) {
    if (!expect<std::int64_t>(from, place, records.size())) return;
    const auto column = from.column<std::int64_t>(place++);
    std::size_t remaining = Columns::kMostBytes / sizeof(double);
    for (std::size_t i = 0; i < records.size(); ++i) {
      const auto length = static_cast<std::size_t>(column[i]);
      if (length > remaining) return fail("has lists that are too long");
      remaining -= length;
      std::invoke(list, element(records[i])).resize(length);
    }
  }

  const Columns& keys_;
  const Columns& values_;
  const std::vector<std::string>& names_;
  std::size_t key_ = 0, value_ = 0;
  std::string problem_;
};

template <class Io, class Sites>
void walk_sites(Io& io, Sites& sites) {
  io.rows(sites);
  io.key(sites, &Site::id);
  io.name(sites, &Site::role);
  io.key(sites, &Site::output);
}

template <class Io, class Activations>
void walk_activations(Io& io, Activations& records) {
  io.rows(records);
  io.key(records, &ActivationRecord::layer);
  io.value(records, &ActivationRecord::log2_rms_derivative);
  io.value(records, &ActivationRecord::saturated_fraction);
  io.value(records, &ActivationRecord::active_fraction);
  io.value(records, &ActivationRecord::units);
  io.value(records, &ActivationRecord::dead_units);
  io.value(records, &ActivationRecord::window_samples);
}

template <class Io, class Joins>
void walk_joins(Io& io, Joins& records) {
  io.rows(records);
  io.key(records, &JoinRecord::layer);
  io.key(records, &JoinRecord::output);
  io.key_lengths(records, &JoinRecord::ways);
  auto ways = flattened(records, &JoinRecord::ways);
  io.key(ways, &JoinWay::reader);
  io.key(ways, &JoinWay::input);
  io.value(ways, &JoinWay::log2_rms);
  io.value(ways, &JoinWay::share);
  // Only where blocks have books of their own: other files have the columns that they always had.
  const auto is_of_block = [](const JoinRecord& join) { return join.through != kNoLayer; };
  if (!io.more_keys(std::any_of(records.begin(), records.end(), is_of_block))) return;
  io.key(records, &JoinRecord::through);
  std::vector<decltype(&records[0])> own;
  for (auto& record : records) {
    if (is_of_block(record)) own.push_back(&record);
  }
  io.value(own, &JoinRecord::log2_rms);
}

template <class Io, class Symmetries>
void walk_symmetries(Io& io, Symmetries& records) {
  io.rows(records);
  io.key(records, &SymmetryRecord::param);
  io.value(records, &SymmetryRecord::units);
  io.value(records, &SymmetryRecord::duplicate_units);
}

template <class Io, class Inner>
void walk_inner(Io& io, Inner& records) {
  io.rows(records);
  io.key(records, &InnerRecord::layer);
  io.key(records, &InnerRecord::output);
  io.name(records, &InnerRecord::name);
  io.name(records, &InnerRecord::axis);
  io.value_lengths(records, &InnerRecord::values);
  auto values = flattened(records, &InnerRecord::values);
  io.value(values, std::identity{});
}

template <class Io, class Blocks>
void walk_blocks(Io& io, Blocks& records) {
  io.rows(records);
  io.key(records, &BlockUse::block);
  io.value(records, &BlockUse::calls);
  io.value(records, &BlockUse::tokens);
}

template <class Io, class Signals>
void walk_signals(Io& io, Signals& records) {
  io.rows(records);
  io.key(records, &SignalRecord::layer);
  io.value(records, &SignalRecord::samples);
  io.value(records, &SignalRecord::similarity);
  io.value(records, &SignalRecord::directions);
}

/// Without the values of the series, which follow as one column of bytes.
template <class Io, class Times>
auto walk_times(Io& io, Times& records) {
  io.rows(records);
  io.key(records, &TimeRecord::layer);
  io.key(records, &TimeRecord::reverse);
  io.key_lengths(records, &TimeRecord::series);
  auto series = flattened(records, &TimeRecord::series);
  io.name(series, &TimeSeries::quantity);
  io.name(series, &TimeSeries::statistic);
  io.value(records, &TimeRecord::time_steps);
  io.value(records, &TimeRecord::units);
}

inline void walk(ColumnSink& io, const std::vector<TimeRecord>& records) {
  walk_times(io, records);
  Bytes bytes;
  for (const TimeRecord& record : records) {
    for (const TimeSeries& series : record.series) {
      append_time_series(series, record.time_steps, bytes);
    }
  }
  io.bytes(bytes);
}

inline void walk(ColumnSource& io, std::vector<TimeRecord>& records) {
  walk_times(io, records);
  std::span<const std::uint8_t> bytes = io.take_bytes();
  for (TimeRecord& record : records) {
    for (TimeSeries& series : record.series) {
      // Every value takes a byte at least: a damaged number asks for no more than the file has.
      if (record.time_steps < 0 || static_cast<std::size_t>(record.time_steps) > bytes.size()) {
        return io.fail("has a time series that is shorter than its time steps");
      }
      series.values.resize(static_cast<std::size_t>(record.time_steps));
      if (!take_time_series(bytes, series)) return io.fail("has a malformed time series");
    }
  }
  if (!bytes.empty()) io.fail("has a time series that is longer than its time steps");
}

template <class Io, class Records>
void walk(Io& io, Records& records) {
  using Record = std::remove_cv_t<typename Records::value_type>;
  if constexpr (std::is_same_v<Record, ActivationRecord>) {
    walk_activations(io, records);
  } else if constexpr (std::is_same_v<Record, JoinRecord>) {
    walk_joins(io, records);
  } else if constexpr (std::is_same_v<Record, SymmetryRecord>) {
    walk_symmetries(io, records);
  } else if constexpr (std::is_same_v<Record, InnerRecord>) {
    walk_inner(io, records);
  } else if constexpr (std::is_same_v<Record, SignalRecord>) {
    walk_signals(io, records);
  } else {
    static_assert(std::is_same_v<Record, BlockUse>);
    walk_blocks(io, records);
  }
}

}  // namespace plumb::store
