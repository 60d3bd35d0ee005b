// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/piecewise_sketch.h"
#include "plumb/stats/sketch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "plumb/stats/sketch_fast.cpp"
#include <hwy/foreach_target.h>
// After foreach_target.h, which includes this file once for each instruction set.
#include <hwy/highway.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>

#include "plumb/core/strided_reader.h"
#include "plumb/stats/double_sketcher-inl.h"
#include "plumb/stats/float_sketcher-inl.h"
#include "plumb/stats/format_limits.h"
#include "plumb/stats/widen-inl.h"

#ifndef PLUMB_STATS_SKETCHER_ARENA
#define PLUMB_STATS_SKETCHER_ARENA
namespace plumb {
/// For the FloatSketcher or DoubleSketcher of any instruction set.
struct SketcherArena {
  alignas(64) std::array<std::byte, 2048> bytes;
};
/// What they ask of a scale: one or the other.
struct AnyLimits {
  detail::SketchLimits floats;
  detail::DoubleSketchLimits doubles;
};
}  // namespace plumb
#endif

HWY_BEFORE_NAMESPACE();
namespace plumb::HWY_NAMESPACE {
using detail::SketchLimits;

void sketch_f32(const float* x, std::size_t n, const SketchLimits& limits, Sketch& out) {
  FloatSketcher sketcher(limits, out);
  sketcher.add(x, n, 0);
  sketcher.finish();
}

template <class Sketcher>
Sketcher& sketcher_in(SketcherArena& arena) {
  static_assert(sizeof(Sketcher) <= sizeof(arena) && alignof(Sketcher) <= alignof(SketcherArena));
  static_assert(std::is_trivially_destructible_v<Sketcher>);
  return *std::launder(reinterpret_cast<Sketcher*>(arena.bytes.data()));
}

void sketcher_begin(SketcherArena& arena, ElementType type, const AnyLimits& limits, Sketch& out) {
  if (type == ElementType::f64) {
    new (arena.bytes.data()) DoubleSketcher(limits.doubles, out);
  } else {
    new (arena.bytes.data()) FloatSketcher(limits.floats, out, type != ElementType::f32);
  }
}

/// A block at a time, as floats in the first-level cache.
template <class From>
void add_widened(FloatSketcher& sketcher, const void* x, std::size_t n, std::size_t following) {
  HWY_ALIGN float wide[kBlock];
  constexpr std::size_t kAhead = kAheadBytes / sizeof(std::uint16_t);
  const auto* at = static_cast<const std::uint16_t*>(x);
  for (std::size_t left = n; left > 0;) {
    const std::size_t count = std::min(kBlock, left), behind = left + following;
    widen_by(From(), at, count, wide, std::min(count, behind - std::min(kAhead, behind)));
    sketcher.add(wide, count, 0);
    at += count;
    left -= count;
  }
}

void sketcher_add(SketcherArena& arena, ElementType type, const void* x, std::size_t n,
                  std::size_t following) {
  switch (type) {
    case ElementType::f16:
      add_widened<FromF16>(sketcher_in<FloatSketcher>(arena), x, n, following);
      return;
    case ElementType::bf16:
      add_widened<FromBf16>(sketcher_in<FloatSketcher>(arena), x, n, following);
      return;
    case ElementType::f32:
      sketcher_in<FloatSketcher>(arena).add(static_cast<const float*>(x), n, following);
      return;
    case ElementType::f64:
      sketcher_in<DoubleSketcher>(arena).add(static_cast<const double*>(x), n, following);
      return;
  }
}

void sketcher_finish(SketcherArena& arena, ElementType type) {
  if (type == ElementType::f64) {
    sketcher_in<DoubleSketcher>(arena).finish();
  } else {
    sketcher_in<FloatSketcher>(arena).finish();
  }
}

}  // namespace plumb::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plumb {

HWY_EXPORT(sketch_f32);
HWY_EXPORT(sketcher_begin);
HWY_EXPORT(sketcher_add);
HWY_EXPORT(sketcher_finish);

namespace {

constexpr std::size_t kMost = std::size_t{1} << 31;  // counts are of 32 bits

/// make(log2_scale), kept; the tensors of a network share a few scales.
template <class MadeLimits>
const MadeLimits& limits_of(double log2_scale, MadeLimits (*make)(double)) {
  constexpr std::size_t kKept = 16;
  thread_local std::array<MadeLimits, kKept> kept{};
  const int nearby = static_cast<int>(std::clamp(log2_scale, -1e6, 1e6));
  MadeLimits& entry = kept[static_cast<unsigned>(nearby) % kKept];
  if (!entry.is_set || entry.log2_scale != log2_scale) entry = make(log2_scale);
  return entry;
}

/// A sketch of contiguous pieces, of any type and number.
class AnySketcher {
 public:
  void begin(Sketch& out, ElementType type, double log2_scale) {
    out_ = &out;
    type_ = type;
    log2_scale_ = log2_scale;
    if (type == ElementType::f64) {
      limits_.doubles = limits_of(log2_scale, detail::double_sketch_limits);
    } else {
      limits_.floats = limits_of(log2_scale, detail::sketch_limits);
    }
    begin_part(out);
  }

  void add(const void* x, std::size_t n, std::size_t following) {
    const auto* at = static_cast<const std::byte*>(x);
    while (n > 0) {
      if (part_->count == kMost) {
        finish_part();
        begin_part(more_);
      }
      const std::size_t count = std::min(n, kMost - part_->count);
      n -= count;
      part_->count += count;
      HWY_DYNAMIC_DISPATCH(sketcher_add)(arena_, type_, at, count, n + following);
      at += count * static_cast<std::size_t>(size_bytes(type_));
    }
  }

  /// All of a view, in its order.
  void add(const StridedView& x) {
    // Whole blocks of any instruction set; what is gathered and, of 16 bits, widened stays in the
    // first-level cache.
    constexpr std::size_t kGathered = 3840, kBytes = 16384;
    alignas(64) std::array<std::byte, kBytes> gathered;
    const std::size_t most = type_ == ElementType::f64 ? kGathered / 2 : kGathered;
    StridedReader reader(x);
    for (auto piece = reader.next(most, gathered.data()); piece.count > 0;
         piece = reader.next(most, gathered.data())) {
      add(piece.data, piece.count, 0);
    }
  }

  void finish() { finish_part(); }

  ElementType type() const { return type_; }

 private:
  void begin_part(Sketch& to) {
    part_ = &to;
    to.count = 0;
    to.log2_scale = log2_scale_;
    HWY_DYNAMIC_DISPATCH(sketcher_begin)(arena_, type_, limits_, to);
  }
  void finish_part() {
    HWY_DYNAMIC_DISPATCH(sketcher_finish)(arena_, type_);
    if (part_ != out_) out_->merge(*part_);
  }

  SketcherArena arena_;
  AnyLimits limits_;
  double log2_scale_ = 0;
  Sketch* out_ = nullptr;
  Sketch* part_ = nullptr;  ///< what the arena's sketcher fills: out, or `more`
  Sketch more_;
  ElementType type_ = ElementType::f32;
};

/// Row-major without gaps, as most are: known at a glance.
bool is_contiguous(const StridedView& x) {
  std::int64_t stride = 1;
  for (int axis = x.rank; axis-- > 0;) {
    if (x.strides[axis] != stride && x.sizes[axis] != 1) return false;
    stride *= x.sizes[axis];
  }
  return true;
}

/// The sketch of every value so many times.
void repeat(Sketch& s, std::uint64_t times) {
  s.count *= times;
  s.nonfinite_count *= times;
  s.zero_count *= times;
  s.m2 *= static_cast<double>(times);
  const Histogram::Range touched = s.histogram.touched();
  for (std::size_t k = touched.begin; k < touched.end; ++k) s.histogram[k] = s.histogram[k] * times;
  for (FormatLoss& loss : s.format_loss) {
    loss = {loss.flushed * times, loss.subnormal * times, loss.overflowed * times};
  }
}

}  // namespace

void sketch_into(Sketch& out, ConstView x, double log2_scale) {
  const auto n = static_cast<std::size_t>(x.shape.size());
  if (x.dtype == DType::f32 && n <= kMost) {  // the shortest way: most tensors are small
    const detail::SketchLimits& limits = limits_of(log2_scale, detail::sketch_limits);
    out.count = n;
    out.log2_scale = log2_scale;
    HWY_DYNAMIC_DISPATCH(sketch_f32)(x.as<float>().data(), n, limits, out);
    return;
  }
  AnySketcher sketcher;
  sketcher.begin(out, StridedView(x).type, log2_scale);
  sketcher.add(x.data, n, 0);
  sketcher.finish();
}

void sketch_into(Sketch& out, const StridedView& x, double log2_scale) {
  const auto [once, times] = is_contiguous(x) ? AnyOrder{x, 1} : in_any_order(x);
  AnySketcher sketcher;
  sketcher.begin(out, x.type, log2_scale);
  if (is_contiguous(once)) {
    sketcher.add(once.data, static_cast<std::size_t>(once.size()), 0);
  } else {
    sketcher.add(once);
  }
  sketcher.finish();
  if (times != 1) repeat(out, static_cast<std::uint64_t>(times));
}

Sketch sketch(ConstView x, double log2_scale) {
  Sketch out;
  sketch_into(out, x, log2_scale);
  return out;
}

Sketch sketch(const StridedView& x, double log2_scale) {
  Sketch out;
  sketch_into(out, x, log2_scale);
  return out;
}

struct PiecewiseSketch::State {
  AnySketcher sketcher;
};

PiecewiseSketch::PiecewiseSketch() : state_(std::make_unique<State>()) {}
PiecewiseSketch::~PiecewiseSketch() = default;

void PiecewiseSketch::begin(Sketch& out, ElementType type, double log2_scale) {
  state_->sketcher.begin(out, type, log2_scale);
}

void PiecewiseSketch::begin(Sketch& out, DType dtype, double log2_scale) {
  begin(out, StridedView(ConstView{nullptr, dtype, Shape{}}).type, log2_scale);
}

void PiecewiseSketch::add(ConstView piece, std::int64_t following) {
  PLUMB_CHECK(StridedView(piece).type == state_->sketcher.type());
  state_->sketcher.add(piece.data, static_cast<std::size_t>(piece.shape.size()),
                       static_cast<std::size_t>(following));
}

void PiecewiseSketch::add(const StridedView& piece) {
  PLUMB_CHECK(piece.type == state_->sketcher.type());
  const auto [once, times] = in_any_order(piece);
  for (std::int64_t time = 0; time < times; ++time) state_->sketcher.add(once);
}

void PiecewiseSketch::finish() { state_->sketcher.finish(); }

const char* sketch_target() {
  const std::int64_t usable = hwy::SupportedTargets() & HWY_TARGETS;
  return hwy::TargetName(usable & -usable);  // the lowest bit is the best target
}

}  // namespace plumb
#endif  // HWY_ONCE
