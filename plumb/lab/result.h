// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace plumb::lab {

/// What an experiment found, as plain data: the terminal, the page and the JSON are made from it.

struct Paragraph {
  std::string text;
};

struct Table {
  std::string title;
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;  ///< as wide as the head
};

/// On an axis with `log` every value is a base-ten logarithm, so that it may lie beyond the range
/// of double. NaN is a gap.
struct Axis {
  std::string name;
  bool log = false;
};

enum class SeriesStyle : std::uint8_t { line, dashed, points };

struct Series {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;
  SeriesStyle style = SeriesStyle::line;  ///< dashed: what theory or the tutorial expects
};

enum class PlotKind : std::uint8_t {
  line,  ///< series over x
  bars,  ///< one group of bars for each category: series[i].y[category]
  heat,  ///< series[i] is the row of that name, its y over the categories
};

struct Plot {
  std::string title;
  std::string how;  ///< how to read it, and what to see; one or two sentences
  PlotKind kind = PlotKind::line;
  Axis x;
  Axis y;                               ///< of a heat map: what the colour stands for
  std::vector<std::string> categories;  ///< of bars and heat maps
  std::vector<Series> series;
};

using Part = std::variant<Paragraph, Table, Plot>;

enum class Relation : std::uint8_t {
  near,      ///< |measured - expected| <= tolerance
  at_most,   ///< measured <= expected
  at_least,  ///< measured >= expected
};

/// One measured number held against one that was not measured here.
struct Check {
  int claim = 0;  ///< number of the claim it decides; 0 for none
  std::string what;
  double measured = 0;
  Relation relation = Relation::near;
  double expected = 0;
  double tolerance = 0;  ///< absolute
  std::string source;    ///< where the expected number comes from
  bool log = false;      ///< measured and expected are base-ten logarithms
  bool ok = false;       ///< never for a measured NaN
};

struct Result {
  std::vector<Part> parts;  ///< the story, in order
  std::vector<Check> checks;
  double seconds = 0;

  /// Every check holds, and there is one.
  bool agrees() const;

  void say(std::string text) { parts.emplace_back(Paragraph{std::move(text)}); }
  void show(Table table) { parts.emplace_back(std::move(table)); }
  void show(Plot plot) { parts.emplace_back(std::move(plot)); }

  /// measured = expected (1 +- relative); around 0 the tolerance is `relative` itself.
  void near(int claim, std::string what, double measured, double expected, double relative,
            std::string source);
  /// The same with an absolute tolerance.
  void within(int claim, std::string what, double measured, double expected, double tolerance,
              std::string source);
  /// Two magnitudes given as log2, agreeing within `tolerance` decades.
  void near_log2(int claim, std::string what, double measured_log2, double expected_log2,
                 double tolerance, std::string source);
  void at_most(int claim, std::string what, double measured, double limit, std::string source);
  void at_least(int claim, std::string what, double measured, double limit, std::string source);

 private:
  void add(Check check);
};

/// A number for a table or a sentence: `digits` significant ones, "3.037e-13", "NaN".
std::string number(double x, int digits = 6);
/// 1, 2, ..., n as the x of a series.
std::vector<double> count_up(std::size_t n);

}  // namespace plumb::lab
