// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/thin_series.h"

namespace plumb::serve {

void ThinSeries::add(std::int64_t step, double value) {
  last_ = {step, value};
  if (count_++ % stride_ != 0) return;
  kept_.push_back(last_);
  if (kept_.size() < capacity_) return;
  std::size_t to = 0;
  for (std::size_t from = 0; from < kept_.size(); from += 2) kept_[to++] = kept_[from];
  kept_.resize(to);
  stride_ *= 2;
}

std::vector<ThinSeries::Point> ThinSeries::points() const {
  std::vector<Point> all = kept_;
  if (count_ > 0 && (all.empty() || all.back().step != last_.step)) all.push_back(last_);
  return all;
}

}  // namespace plumb::serve
