// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/text_columns.h"

#include <algorithm>
#include <utility>

#include "plumb/report/text.h"

namespace plumb {

Columns Columns::fitting(std::span<const std::vector<std::string>> lines, int width) {
  constexpr int kGap = 2;
  std::vector<int> widths;
  for (const auto& line : lines) {
    widths.resize(std::max(widths.size(), line.size()), 0);
    for (std::size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(line[i]));
    }
  }
  const auto total = [&] {
    int sum = -kGap;
    for (const int column : widths) sum += column > 0 ? column + kGap : 0;
    return sum;
  };
  while (!widths.empty() && total() > width) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= kLeast) break;
    --*widest;
  }
  return Columns(std::move(widths), kGap);
}

Columns Columns::alike(int first, std::size_t count, int width) {
  constexpr int kGap = 1;
  const int left = (width - first) / static_cast<int>(std::max<std::size_t>(count, 1));
  std::vector<int> widths(count + 1, std::max(kLeast + 2, left - kGap));
  widths.front() = first - kGap;
  return Columns(std::move(widths), kGap);
}

std::string Columns::line(std::span<const std::string> cells) const {
  std::string text;
  for (std::size_t i = 0; i < std::min(cells.size(), widths_.size()); ++i) {
    if (widths_[i] == 0) continue;
    text += pad_right(shorten(cells[i], widths_[i]), widths_[i]) +
            std::string(static_cast<std::size_t>(gap_), ' ');
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

bool Columns::fits(std::size_t column, const std::string& cell) const {
  return display_width(cell) <= widths_.at(column);
}

}  // namespace plumb
