// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "plumb/store/run_file.h"

namespace plumb {

namespace {

// The shortest digits that read back as the same double; every NaN is "nan", whatever its sign.
std::string number(double value) { return std::isnan(value) ? "nan" : fmt::format("{}", value); }

std::string path_of(const RunInfo& info, const Site& site) {
  const auto id = static_cast<std::size_t>(site.id);
  if (site.is_of_parameter()) return id < info.params.size() ? info.params[id].path : "";
  return id < info.layers.size() ? info.layers[id].path : "";
}

std::string header() {
  std::string line =
      "step,epoch,time_s,loss,site,path,role,output,count,nonfinite_count,zero_count,mean,m2,var,"
      "rms,"
      "abs_max,log2_scale,true_log2_rms,true_log2_abs_max,true_log2_median";
  for (std::size_t i = 0; i < kNumberFormatCount; ++i) {
    const char* name = to_string(static_cast<NumberFormat>(i));
    line += fmt::format(",{0}_flushed,{0}_subnormal,{0}_overflowed", name);
  }
  return line + '\n';
}

}  // namespace

std::string csv_field(std::string_view text) {
  std::string field;
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos) {
    double value = 0;
    const char* const begin = text.data() + (text.front() == '+' ? 1 : 0);
    const char* const end = text.data() + text.size();
    const auto read = std::from_chars(begin, end, value);
    if (read.ec != std::errc() || read.ptr != end) field += '\'';
  }
  field += text;
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string export_csv(const Run& run) {
  std::string csv = header();
  for (const StepRecord& step : run.steps) {
    const std::string start =
        fmt::format("{},{},{},{},", step.step, step.epoch, number(step.time_s), number(step.loss));
    for (const auto& [site, sketch] : step.sketches) {
      fmt::format_to(std::back_inserter(csv), "{}{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}",
                     start, csv_field(run.info.name_of(site)), csv_field(path_of(run.info, site)),
                     to_string(site.role), site.output, sketch.count, sketch.nonfinite_count,
                     sketch.zero_count, number(sketch.mean), number(sketch.m2),
                     number(sketch.var()), number(sketch.rms()), number(sketch.abs_max),
                     number(static_cast<double>(sketch.log2_scale)), number(sketch.true_log2_rms()),
                     number(sketch.true_log2_abs_max()), number(sketch.true_log2_median()));
      for (const FormatLoss& loss : sketch.format_loss) {
        fmt::format_to(std::back_inserter(csv), ",{},{},{}", loss.flushed, loss.subnormal,
                       loss.overflowed);
      }
      csv += '\n';
    }
  }
  return csv;
}

namespace {

using TimeColumn = std::pair<TimeQuantity, TimeStatistic>;

// What any record of the run has, in the order of the quantities.
std::vector<TimeColumn> time_columns(const Run& run) {
  bool there[kTimeQuantityCount][kTimeStatisticCount] = {};
  for (const StepRecord& step : run.steps) {
    for (const TimeRecord& record : step.times) {
      for (const TimeSeries& one : record.series) {
        there[static_cast<std::size_t>(one.quantity)][static_cast<std::size_t>(one.statistic)] =
            true;
      }
    }
  }
  std::vector<TimeColumn> columns;
  for (std::size_t q = 0; q < kTimeQuantityCount; ++q) {
    for (std::size_t s = 0; s < kTimeStatisticCount; ++s) {
      if (there[q][s]) {
        columns.emplace_back(static_cast<TimeQuantity>(q), static_cast<TimeStatistic>(s));
      }
    }
  }
  return columns;
}

}  // namespace

std::string export_time_csv(const Run& run) {
  const std::vector<TimeColumn> columns = time_columns(run);
  std::string csv = "step,path,reverse,t";
  for (const auto& [quantity, statistic] : columns) {
    csv += fmt::format(",{}_{}", to_string(quantity), to_string(statistic));
  }
  csv += '\n';
  for (const StepRecord& step : run.steps) {
    for (const TimeRecord& record : step.times) {
      const std::string start = fmt::format(
          "{},{},{},", step.step, csv_field(path_of(run.info, Site::layer(record.layer, Role::a))),
          record.reverse ? 1 : 0);
      std::vector<const std::vector<float>*> series;
      series.reserve(columns.size());
      for (const auto& [quantity, statistic] : columns) {
        series.push_back(record.find(quantity, statistic));
      }
      for (std::size_t t = 0; t < static_cast<std::size_t>(record.time_steps); ++t) {
        fmt::format_to(std::back_inserter(csv), "{}{}", start, t);
        for (const auto* values : series) {
          const bool known = values != nullptr && t < values->size();
          csv += ',' + number(known ? static_cast<double>((*values)[t])
                                    : std::numeric_limits<double>::quiet_NaN());
        }
        csv += '\n';
      }
    }
  }
  return csv;
}

}  // namespace plumb
