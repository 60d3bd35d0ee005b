// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace plumb {

/// Lines of cells, laid out in columns of a terminal. A cell that is too wide is cut ("..").
class Columns {
 public:
  static constexpr int kLeast = 8;  ///< no column is narrower

  /// As wide as their widest cells; where that is more than `width` together the widest give way.
  /// A column whose cells are all empty is left out.
  static Columns fitting(std::span<const std::vector<std::string>> lines, int width);
  /// One of `first`, and `count` alike that share the rest of `width`, two more than kLeast each at
  /// least.
  static Columns alike(int first, std::size_t count, int width);

  /// Without blanks at its end.
  std::string line(std::span<const std::string> cells) const;
  /// Whether the cell of that column is not cut.
  bool fits(std::size_t column, const std::string& cell) const;

 private:
  Columns(std::vector<int> widths, int gap) : widths_(std::move(widths)), gap_(gap) {}

  std::vector<int> widths_;  // 0: left out
  int gap_;
};

}  // namespace plumb
