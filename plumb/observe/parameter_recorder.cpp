// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/parameter_recorder.h"

#include <array>
#include <limits>
#include <string>
#include <utility>

#include "plumb/core/error.h"

namespace plumb {

namespace {

DType type_of(ConstView values) { return values.dtype; }
ElementType type_of(const ObservedView& values) {
  if (values.kept == nullptr) return values.values.type;
  return values.values.type == ElementType::f64 ? ElementType::f64 : ElementType::f32;
}

void add_values(PiecewiseSketch& pieces, ConstView values, std::int64_t following) {
  pieces.add(values, following);
}

void add_values(PiecewiseSketch& pieces, const ObservedView& values, std::int64_t /*following*/) {
  if (values.kept == nullptr) {
    pieces.add(values.values);
    return;
  }
  const auto read = [&]<class T>(T) {
    std::array<T, 2048> piece;
    KeptReader reader(values);
    while (const std::size_t count = reader.next(std::span(piece))) {
      pieces.add({piece.data(), kDTypeOf<T>, Shape{static_cast<std::int64_t>(count)}});
    }
  };
  values.values.type == ElementType::f64 ? read(double{}) : read(float{});
}

}  // namespace

void ParameterRecorder::begin(const RunInfo& info) {
  info_ = &info;
  gradient_squares_ = {};
  retakes_ = false;
  for (Open& one : open_) one.param = kNoParam;
}

void ParameterRecorder::retake_gradients() {
  gradient_squares_ = {};
  retakes_ = true;
}

std::string ParameterRecorder::name(ParamId param, Role role) const {
  return "'" + info_->name_of(Site::param(param, role)) + "'";
}

void ParameterRecorder::check_new(ParamId param, Role role) {
  if (!sites_.has(Site::param(param, role))) return;
  throw UsageError("Recorder::parameter of " + name(param, role) +
                   " twice in one step: parameters are taken once, after the last pass");
}

void ParameterRecorder::check_piece(ParamId param, Role role, std::int64_t size,
                                    Piece piece) const {
  const Open& open = open_[slot(role)];
  const auto given = [&] {
    return std::to_string(piece.begin) + " of " + std::to_string(piece.total);
  };
  if (open.param != kNoParam && (open.param != param || open.next != piece.begin)) {
    throw UsageError("Recorder::parameter of " + name(param, role) + ": a piece that begins at " +
                     given() + ", expected the one of " + name(open.param, role) +
                     " that begins at " + std::to_string(open.next));
  }
  if (open.param == kNoParam && piece.begin != 0) {
    throw UsageError("Recorder::parameter of " + name(param, role) + ": a piece that begins at " +
                     given() + ", expected the first one, which begins at 0");
  }
  const std::int64_t total = open.param == kNoParam ? piece.total : open.total;
  if (piece.total == total && size <= total - piece.begin) return;
  throw UsageError("Recorder::parameter of " + name(param, role) + ": a piece of " +
                   std::to_string(size) + " that begins at " + given() +
                   ", expected it to end by " + std::to_string(total));
}

template <class Values>
void ParameterRecorder::add_piece(ParamId param, Role role, const Values& values, std::int64_t size,
                                  double log2_scale, Piece piece) {
  check_piece(param, role, size, piece);
  Open& open = open_[slot(role)];
  if (piece.begin == 0) {
    check_new(param, role);
    open.param = param;
    open.total = piece.total;
    open.place = sites_.take_once(Site::param(param, role));
    open.pieces.begin(open.sketch, type_of(values), log2_scale);
  }
  open.next = piece.begin + size;
  add_values(open.pieces, values, role == Role::update ? 0 : open.total - open.next);
  if (open.next < open.total) return;
  open.pieces.finish();
  open.param = kNoParam;
  Sketch& sketch = sites_.sketch(open.place);
  std::swap(sketch, open.sketch);
  if (role == Role::grad_weight) note_gradient(sketch);
}

void ParameterRecorder::add(ParamId param, Role role, ConstView values, double log2_scale,
                            Piece piece) {
  const std::int64_t size = values.shape.size();
  if (piece.total >= 0 && piece.total != size) {
    add_piece(param, role, values, size, log2_scale, piece);
    return;
  }
  check_new(param, role);
  Sketch& sketch = sites_.sketch(sites_.take_once(Site::param(param, role)));
  sketch_into(sketch, values, log2_scale);
  if (role == Role::grad_weight) note_gradient(sketch);
}

void ParameterRecorder::add(ParamId param, Role role, const ObservedView& values, Piece piece) {
  const std::int64_t size = values.values.size();
  if (piece.total >= 0 && piece.total != size) {
    add_piece(param, role, values, size, values.log2_scale, piece);
    return;
  }
  const Site site = Site::param(param, role);
  if (retakes_ && role == Role::grad_weight && values.kept == nullptr && sites_.has(site)) {
    Sketch& sketch = sites_.sketch(sites_.place_of(site));
    sketch_into(sketch, values.values, values.log2_scale);
    note_gradient(sketch);
    return;
  }
  check_new(param, role);
  sites_.add(site, values);
  if (role == Role::grad_weight) note_gradient(sites_.last());
}

void ParameterRecorder::add(ParamId param, Role role, const Sketch& sketch) {
  check_new(param, role);
  sites_.add(Site::param(param, role), sketch);
  if (role == Role::grad_weight) note_gradient(sketch);
}

void ParameterRecorder::note_gradient(const Sketch& gradient) {
  const auto count = static_cast<double>(gradient.finite_count());
  const double squares = gradient.nonfinite_count > 0
                             ? std::numeric_limits<double>::quiet_NaN()
                             : gradient.m2 + count * gradient.mean * gradient.mean;
  gradient_squares_.add(squares, gradient.log2_scale);
}

void ParameterRecorder::finish() {
  for (std::size_t i = 0; i < open_.size(); ++i) {
    const Open& open = open_[i];
    if (open.param == kNoParam) continue;
    const Role role = static_cast<Role>(static_cast<std::size_t>(Role::weight) + i);
    throw UsageError("Recorder::finish: the pieces of " + name(open.param, role) + " ended at " +
                     std::to_string(open.next) + " of " + std::to_string(open.total));
  }
}

}  // namespace plumb
