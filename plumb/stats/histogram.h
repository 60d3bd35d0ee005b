// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <span>

namespace plumb {

/// Counts in kBins bins, of which a few neighbours are in use: the magnitudes of one tensor span
/// ten to twenty octaves of 255. Up to kNear consecutive bins are kept inside the object; only a
/// wider spread takes memory from the heap. Reads as an array of kBins counts.
///
/// Threads A value type; use one object from one thread.
class Histogram {
 public:
  static constexpr std::size_t kBins = 255;
  static constexpr std::size_t kNear = 32;

  Histogram() = default;
  Histogram(const Histogram& other);
  Histogram(Histogram&&) noexcept = default;
  Histogram& operator=(const Histogram& other);
  Histogram& operator=(Histogram&&) noexcept = default;
  ~Histogram() = default;

  static constexpr std::size_t size() { return kBins; }
  std::uint64_t operator[](std::size_t bin) const {
    if (all_) return (*all_)[bin];
    return bin - first_ < kNear ? near_[bin - first_] : 0;
  }
  /// Valid until another bin is named.
  std::uint64_t& operator[](std::size_t bin) {
    if (all_) return (*all_)[bin];
    return bin - first_ < kNear ? near_[bin - first_] : make_room(bin);
  }

  /// From the first to behind the last bin that is not 0; empty if there is none.
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  Range touched() const;
  std::uint64_t total() const;

  /// Replaces all counts: bin first + k becomes counts[k], every other one 0.
  void assign(std::size_t first, std::span<const std::uint64_t> counts);
  void add(const Histogram& other);

  /// All counts in order.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = std::uint64_t;
    using difference_type = std::ptrdiff_t;
    using pointer = const std::uint64_t*;
    using reference = std::uint64_t;
    Iterator(const Histogram& of, std::size_t bin) : of_(&of), bin_(bin) {}
    std::uint64_t operator*() const { return (*of_)[bin_]; }
    Iterator& operator++() {
      ++bin_;
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++bin_;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.bin_ == b.bin_; }

   private:
    const Histogram* of_;
    std::size_t bin_;
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, kBins}; }

  friend bool operator==(const Histogram& a, const Histogram& b);

 private:
  std::uint64_t& make_room(std::size_t bin);

  std::size_t first_ = 0;                    ///< bin of near_[0]; at most kBins - kNear
  std::array<std::uint64_t, kNear> near_{};  ///< without all_, every other bin is 0
  std::unique_ptr<std::array<std::uint64_t, kBins>> all_;
};

}  // namespace plumb
