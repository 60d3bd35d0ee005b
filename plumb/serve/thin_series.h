// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace plumb::serve {

/// A curve that grows for ever in bounded memory: every k-th value, and the last one, where k
/// doubles whenever it is full. So a client draws the same curve however long the run is.
class ThinSeries {
 public:
  struct Point {
    std::int64_t step = 0;
    double value = 0;  ///< may be NaN or infinite
  };

  explicit ThinSeries(std::size_t capacity = 512) : capacity_(capacity < 2 ? 2 : capacity) {}

  /// Steps ascend.
  void add(std::int64_t step, double value);
  /// Ascending, at most `capacity` + 1; the last value that was added is the last.
  std::vector<Point> points() const;
  bool empty() const { return count_ == 0; }
  const Point& last() const { return last_; }

 private:
  std::size_t capacity_;
  std::size_t stride_ = 1;
  std::size_t count_ = 0;
  std::vector<Point> kept_;
  Point last_;
};

}  // namespace plumb::serve
