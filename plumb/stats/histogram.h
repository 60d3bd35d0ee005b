// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <span>
#include <utility>

namespace plumb {

/// Counts in kBins bins, of which a few neighbours are in use: the magnitudes of one tensor span
/// ten to twenty octaves of 255. Up to kNear consecutive bins with counts below 2^32 are kept
/// inside the object, in half the room; only a wider spread or a larger count takes memory from the
/// heap. Reads and writes as an array of kBins 64-bit counts.
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
  /// One bin of a histogram that may be changed.
  class Bin {
   public:
    Bin(Histogram& of, std::size_t bin) : of_(of), bin_(bin) {}
    Bin(const Bin&) = default;
    ~Bin() = default;
    operator std::uint64_t() const { return std::as_const(of_)[bin_]; }
    Bin& operator=(std::uint64_t count) {
      of_.set(bin_, count);
      return *this;
    }
    Bin& operator=(const Bin& other) { return *this = static_cast<std::uint64_t>(other); }
    Bin& operator+=(std::uint64_t count) { return *this = *this + count; }
    Bin& operator++() { return *this += 1; }

   private:
    Histogram& of_;
    std::size_t bin_;
  };
  Bin operator[](std::size_t bin) { return {*this, bin}; }

  /// From the first to behind the last bin that is not 0; empty if there is none.
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  Range touched() const;
  std::uint64_t total() const;

  /// Replaces all counts: bin first + k becomes counts[k], every other one 0.
  void assign(std::size_t first, std::span<const std::uint32_t> counts);
  /// Room for kNear counts that the caller must write, those of bins first + k; every other one
  /// becomes 0. nullptr, and nothing changes, where all bins have memory from the heap: assign()
  /// keeps that.
  std::uint32_t* near_counts(std::size_t first) {
    if (all_) return nullptr;
    first_ = first;
    return near_.data();
  }
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
  using All = std::array<std::uint64_t, kBins>;
  void set(std::size_t bin, std::uint64_t count) {
    if (all_) {
      (*all_)[bin] = count;
    } else if (bin - first_ < kNear && count <= std::numeric_limits<std::uint32_t>::max()) {
      near_[bin - first_] = static_cast<std::uint32_t>(count);
    } else {
      set_outside(bin, count);
    }
  }
  void set_outside(std::size_t bin, std::uint64_t count);

  std::size_t first_ = 0;                    ///< bin of near_[0]; at most kBins - kNear
  std::array<std::uint32_t, kNear> near_{};  ///< without all_, every other bin is 0
  std::unique_ptr<All> all_;
};

}  // namespace plumb
