// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/piecewise_sketch.h"
#include "plumb/stats/sketch.h"

// AVX3_DL: AVX-512 with byte permutes and bit counts, as from Ice Lake and Zen 4 on.
#define HWY_WANT_AVX3_DL
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

#include "plumb/stats/float_sketcher-inl.h"
#include "plumb/stats/format_limits.h"

#ifndef PLUMB_STATS_SKETCHER_ROOM
#define PLUMB_STATS_SKETCHER_ROOM
namespace plumb {
/// For the FloatSketcher of any instruction set.
struct SketcherRoom {
  alignas(64) std::array<std::byte, 2048> bytes;
};
}  // namespace plumb
#endif

HWY_BEFORE_NAMESPACE();
#if HWY_TARGET == HWY_AVX3_DL
HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",gfni")
#endif
namespace plumb::HWY_NAMESPACE {
using detail::SketchLimits;

void sketch_f32(const float* x, std::size_t n, const SketchLimits& limits, Sketch& out) {
  FloatSketcher sketcher(limits, out);
  sketcher.add(x, n, 0);
  sketcher.finish();
}

FloatSketcher& sketcher_in(SketcherRoom& room) {
  return *std::launder(reinterpret_cast<FloatSketcher*>(room.bytes.data()));
}
void sketcher_begin(SketcherRoom& room, const SketchLimits& limits, Sketch& out) {
  static_assert(sizeof(FloatSketcher) <= sizeof(room) &&
                alignof(FloatSketcher) <= alignof(SketcherRoom));
  static_assert(std::is_trivially_destructible_v<FloatSketcher>);
  new (room.bytes.data()) FloatSketcher(limits, out);
}
void sketcher_add(SketcherRoom& room, const float* x, std::size_t n, std::size_t following) {
  sketcher_in(room).add(x, n, following);
}
void sketcher_finish(SketcherRoom& room) { sketcher_in(room).finish(); }

}  // namespace plumb::HWY_NAMESPACE
#if HWY_TARGET == HWY_AVX3_DL
HWY_POP_ATTRIBUTES
#endif
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace plumb {

HWY_EXPORT(sketch_f32);
HWY_EXPORT(sketcher_begin);
HWY_EXPORT(sketcher_add);
HWY_EXPORT(sketcher_finish);

namespace {

constexpr std::size_t kMost = std::size_t{1} << 31;  // counts are of 32 bits

/// Of this scale; the tensors of a network share a few.
const detail::SketchLimits& limits_of(int log2_scale) {
  constexpr std::size_t kKept = 16;
  thread_local std::array<detail::SketchLimits, kKept> kept{};
  detail::SketchLimits& entry = kept[static_cast<unsigned>(log2_scale) % kKept];
  if (!entry.is_set || entry.log2_scale != log2_scale) entry = detail::sketch_limits(log2_scale);
  return entry;
}

}  // namespace

void sketch_into(Sketch& out, ConstView x, int log2_scale) {
  if (x.dtype == DType::f64) {
    out = sketch_reference(x, log2_scale);
    return;
  }
  const std::span<const float> values = x.as<float>();
  const detail::SketchLimits& limits = limits_of(log2_scale);
  const auto sketch_part = [&](Sketch& to, std::size_t begin, std::size_t count) {
    to.count = count;
    to.log2_scale = log2_scale;
    HWY_DYNAMIC_DISPATCH(sketch_f32)(values.data() + begin, count, limits, to);
  };
  sketch_part(out, 0, std::min(values.size(), kMost));
  for (std::size_t begin = kMost; begin < values.size(); begin += kMost) {
    Sketch part;
    sketch_part(part, begin, std::min(values.size() - begin, kMost));
    out.merge(part);
  }
}

Sketch sketch(ConstView x, int log2_scale) {
  Sketch out;
  sketch_into(out, x, log2_scale);
  return out;
}

struct PiecewiseSketch::State {
  SketcherRoom room;
  detail::SketchLimits limits;
  Sketch* out = nullptr;
  Sketch* part = nullptr;  ///< what the room's sketcher fills: out, or `more`
  Sketch more;
  DType dtype = DType::f32;

  void begin_part(Sketch& to) {
    part = &to;
    to.count = 0;
    to.log2_scale = limits.log2_scale;
    HWY_DYNAMIC_DISPATCH(sketcher_begin)(room, limits, to);
  }
  void finish_part() {
    HWY_DYNAMIC_DISPATCH(sketcher_finish)(room);
    if (part != out) out->merge(*part);
  }
};

PiecewiseSketch::PiecewiseSketch() : state_(std::make_unique<State>()) {}
PiecewiseSketch::~PiecewiseSketch() = default;

void PiecewiseSketch::begin(Sketch& out, DType dtype, int log2_scale) {
  state_->out = &out;
  state_->dtype = dtype;
  if (dtype == DType::f64) {
    out = Sketch{};
    out.log2_scale = log2_scale;
    return;
  }
  state_->limits = limits_of(log2_scale);
  state_->begin_part(out);
}

void PiecewiseSketch::add(ConstView piece, std::int64_t following) {
  PLUMB_CHECK(piece.dtype == state_->dtype);
  if (piece.dtype == DType::f64) {
    state_->out->merge(sketch_reference(piece, state_->out->log2_scale));
    return;
  }
  std::span<const float> values = piece.as<float>();
  while (!values.empty()) {
    if (state_->part->count == kMost) {
      state_->finish_part();
      state_->begin_part(state_->more);
    }
    const std::size_t count = std::min(values.size(), kMost - state_->part->count);
    const std::size_t behind = values.size() - count + static_cast<std::size_t>(following);
    HWY_DYNAMIC_DISPATCH(sketcher_add)(state_->room, values.data(), count, behind);
    state_->part->count += count;
    values = values.subspan(count);
  }
}

void PiecewiseSketch::finish() {
  if (state_->dtype == DType::f32) state_->finish_part();
}

const char* sketch_target() {
  const std::int64_t usable = hwy::SupportedTargets() & HWY_TARGETS;
  return hwy::TargetName(usable & -usable);  // the lowest bit is the best target
}

}  // namespace plumb
#endif  // HWY_ONCE
