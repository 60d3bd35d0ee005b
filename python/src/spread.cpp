// SPDX-License-Identifier: Apache-2.0
#include "python/src/spread.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "plumb/core/error.h"
#include "plumb/observe/observed_view.h"

namespace plumb::python {

namespace {

std::size_t at(std::int64_t place) { return static_cast<std::size_t>(place); }

void make_row_major(StridedView& view) {
  std::int64_t stride = 1;
  for (int axis = view.rank - 1; axis >= 0; --axis) {
    view.strides[at(axis)] = stride;
    stride *= view.sizes[at(axis)];
  }
}

std::int64_t front_size(const StridedView& tensor, int rank) {
  std::int64_t size = 1;
  for (int axis = 0; axis < tensor.rank - rank; ++axis) size *= tensor.sizes[at(axis)];
  return size;
}

}  // namespace

void SpreadTensor::begin(const StridedView& part, const Spread& spread) {
  const int front = part.rank - spread.part_rank();
  whole_ = StridedView();
  whole_.type = part.type;
  whole_.rank = front + spread.rank();
  if (front < 0 || whole_.rank > StridedView::kMaxRank) {
    throw ShapeError("a part of " + std::to_string(part.rank) + " axes of a tensor of " +
                     std::to_string(whole_.rank) + ", expected " +
                     std::to_string(spread.part_rank()) + " or more, and at most " +
                     std::to_string(StridedView::kMaxRank) + " in all");
  }
  for (int axis = 0; axis < whole_.rank; ++axis) {
    whole_.sizes[at(axis)] = axis < front ? part.sizes[at(axis)] : spread.size(axis - front);
  }
  make_row_major(whole_);
  memory_.resize(at(whole_.size() * size_bytes(whole_.type)));
  whole_.data = memory_.data();
}

void SpreadTensor::add(const StridedView& part, const Spread& spread, std::int64_t position) {
  if (parts_++ == 0) begin(part, spread);
  const int front = part.rank - spread.part_rank();
  const int only_whole = whole_.rank - part.rank;
  const std::int64_t element = size_bytes(part.type);
  if (part.type != whole_.type || only_whole < 0) throw ShapeError("parts of different types");
  // The part as a view of the whole's rank: sizes without padding, and where it begins.
  StridedView from = part;
  from.rank = whole_.rank;
  std::int64_t begin = 0;
  for (int axis = 0; axis < whole_.rank; ++axis) {
    const bool is_of_whole = axis >= front && axis < front + only_whole;
    const int own = axis < front ? axis : axis - only_whole;
    const std::int64_t offset = axis < front ? 0 : spread.offset(position, axis - front);
    const std::int64_t size = is_of_whole ? 1 : part.sizes[at(own)];
    from.sizes[at(axis)] =
        std::clamp<std::int64_t>(whole_.sizes[at(axis)] - offset, 0, size);
    from.strides[at(axis)] = is_of_whole ? 0 : part.strides[at(own)];
    begin += offset * whole_.strides[at(axis)];
  }
  if (from.size() == 0) return;
  // Runs along the last axis; parts are row-major.
  const int last = whole_.rank - 1;
  const std::int64_t run = last < 0 ? 1 : from.sizes[at(last)];
  const std::int64_t runs = from.size() / run;
  const auto* const read = static_cast<const std::byte*>(part.data);
  StridedView::Axes index{};
  for (std::int64_t i = 0; i < runs; ++i) {
    std::int64_t source = 0, target = begin;
    for (int axis = 0; axis < last; ++axis) {
      source += index[at(axis)] * from.strides[at(axis)];
      target += index[at(axis)] * whole_.strides[at(axis)];
    }
    std::memcpy(memory_.data() + target * element, read + source * element, at(run * element));
    for (int axis = last - 1; axis >= 0; --axis) {
      if (++index[at(axis)] < from.sizes[at(axis)]) break;
      index[at(axis)] = 0;
    }
  }
}

MeanTensor::MeanTensor(const StridedView& tensor, int rank) : mean_(tensor) {
  const int front = tensor.rank - rank;
  const std::int64_t rows = front_size(tensor, rank);
  mean_.rank = rank;
  for (int axis = 0; axis < rank; ++axis) {
    mean_.sizes[at(axis)] = tensor.sizes[at(axis + front)];
  }
  make_row_major(mean_);
  const std::int64_t size = mean_.size();
  memory_.assign(at(size), 0.0);
  std::vector<double> row(at(size));
  KeptReader reader{ObservedView(tensor)};
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::size_t got = 0; got < row.size();) {
      const std::size_t more = reader.next(std::span(row).subspan(got));
      if (more == 0) break;
      got += more;
    }
    for (std::size_t k = 0; k < row.size(); ++k) memory_[k] += row[k];
  }
  for (double& one : memory_) one /= static_cast<double>(rows);
  mean_.data = memory_.data();
  if (tensor.type == ElementType::f64) return;
  // In place: a float is written where doubles were read already.
  mean_.type = ElementType::f32;
  auto* const to = reinterpret_cast<std::byte*>(memory_.data());
  for (std::size_t k = 0; k < row.size(); ++k) {
    const auto one = static_cast<float>(memory_[k]);
    std::memcpy(to + k * sizeof one, &one, sizeof one);
  }
}

bool is_same_along_front(const StridedView& tensor, int rank) {
  const std::int64_t rows = front_size(tensor, rank);
  if (rows <= 1) return true;
  const std::size_t row = at(tensor.size() / rows * size_bytes(tensor.type));
  const auto* const data = static_cast<const std::byte*>(tensor.data);
  for (std::int64_t i = 1; i < rows; ++i) {
    if (std::memcmp(data, data + at(i) * row, row) != 0) return false;
  }
  return true;
}

}  // namespace plumb::python
