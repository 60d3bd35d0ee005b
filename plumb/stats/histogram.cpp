// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/histogram.h"

#include <algorithm>

namespace plumb {

Histogram::Histogram(const Histogram& other) : first_(other.first_), near_(other.near_) {
  if (other.all_) all_ = std::make_unique<All>(*other.all_);
}

Histogram& Histogram::operator=(const Histogram& other) {
  if (this != &other) *this = Histogram(other);
  return *this;
}

Histogram::Range Histogram::touched() const {
  const std::size_t offset = all_ ? 0 : first_, size = all_ ? kBins : kNear;
  std::size_t begin = offset, end = offset + size;
  while (begin < end && (*this)[begin] == 0) ++begin;
  if (begin == end) return {};
  while ((*this)[end - 1] == 0) --end;
  return {begin, end};
}

std::uint64_t Histogram::total() const {
  std::uint64_t sum = 0;
  const Range range = touched();
  for (std::size_t bin = range.begin; bin < range.end; ++bin) sum += (*this)[bin];
  return sum;
}

void Histogram::assign(std::size_t first, std::span<const std::uint32_t> counts) {
  if (counts.size() <= kNear && !all_) {
    first_ = std::min(first, kBins - kNear);
    const auto begin = near_.begin() + static_cast<std::ptrdiff_t>(first - first_);
    std::fill(near_.begin(), begin, 0);
    std::fill(std::copy(counts.begin(), counts.end(), begin), near_.end(), 0);
    return;
  }
  if (!all_) all_ = std::make_unique<All>();
  all_->fill(0);
  std::copy(counts.begin(), counts.end(), all_->begin() + static_cast<std::ptrdiff_t>(first));
}

void Histogram::add(const Histogram& other) {
  const Range range = other.touched();
  if (range.begin == range.end) return;
  // The ends first, so that the room is made once.
  (*this)[range.end - 1] += other[range.end - 1];
  for (std::size_t bin = range.begin; bin + 1 < range.end; ++bin) (*this)[bin] += other[bin];
}

void Histogram::set_outside(std::size_t bin, std::uint64_t count) {
  Range range = touched();
  if (range.begin == range.end) range = {bin, bin};
  const std::size_t begin = std::min(range.begin, bin), end = std::max(range.end, bin + 1);
  if (end - begin > kNear || count > std::numeric_limits<std::uint32_t>::max()) {
    all_ = std::make_unique<All>();
    std::copy(near_.begin(), near_.end(), all_->begin() + static_cast<std::ptrdiff_t>(first_));
    (*all_)[bin] = count;
    return;
  }
  // Magnitudes spread downwards, so what room is left goes below.
  const std::size_t first = std::min(end > kNear ? end - kNear : 0, kBins - kNear);
  std::array<std::uint32_t, kNear> moved{};
  for (std::size_t k = range.begin; k < range.end; ++k) moved[k - first] = near_[k - first_];
  near_ = moved;
  first_ = first;
  near_[bin - first_] = static_cast<std::uint32_t>(count);
}

bool operator==(const Histogram& a, const Histogram& b) {
  const Histogram::Range range = a.touched(), other = b.touched();
  if (range.begin != other.begin || range.end != other.end) return false;
  for (std::size_t bin = range.begin; bin < range.end; ++bin) {
    if (a[bin] != b[bin]) return false;
  }
  return true;
}

}  // namespace plumb
