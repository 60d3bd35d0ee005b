// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/image.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "plumb/core/error.h"
#include "plumb/data/image_formats.h"

namespace plumb {

namespace {

/// The pixels of a line that make one pixel of the line of another length.
struct Weights {
  std::int64_t first = 0;
  std::vector<double> weights;
};

std::vector<Weights> triangle_filter(std::int64_t from, std::int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double support = std::max(scale, 1.0);
  std::vector<Weights> filter(static_cast<std::size_t>(to));
  for (std::int64_t i = 0; i < to; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    Weights& out = filter[static_cast<std::size_t>(i)];
    out.first = std::max<std::int64_t>(0, std::llround(std::floor(centre - support + 0.5)));
    const auto end = std::min<std::int64_t>(from, std::llround(std::floor(centre + support + 0.5)));
    double sum = 0;
    for (std::int64_t k = out.first; k < end; ++k) {
      const double apart = std::abs(static_cast<double>(k) + 0.5 - centre) / support;
      out.weights.push_back(std::max(0.0, 1 - apart));
      sum += out.weights.back();
    }
    for (double& weight : out.weights) weight /= sum;
  }
  return filter;
}

/// Filters along the middle axis of [outer, length, inner].
std::vector<float> filter_axis(std::span<const float> from, std::size_t outer, std::size_t length,
                               std::size_t inner, std::size_t to) {
  const auto filter =
      triangle_filter(static_cast<std::int64_t>(length), static_cast<std::int64_t>(to));
  std::vector<float> out;
  out.reserve(outer * to * inner);
  for (std::size_t o = 0; o < outer; ++o) {
    for (const Weights& pixel : filter) {
      for (std::size_t i = 0; i < inner; ++i) {
        double sum = 0;
        std::size_t at = (o * length + static_cast<std::size_t>(pixel.first)) * inner + i;
        for (const double weight : pixel.weights) {
          sum += weight * from[at];
          at += inner;
        }
        out.push_back(static_cast<float>(sum));
      }
    }
  }
  return out;
}

}  // namespace

Image decode_image(std::span<const std::byte> bytes, const std::string& place) {
  const std::string_view start(reinterpret_cast<const char*>(bytes.data()),
                               std::min<std::size_t>(bytes.size(), 8));
  if (start == "\x89PNG\r\n\x1A\n") return decode_png(bytes, place);
  if (start.starts_with("\xFF\xD8\xFF")) return decode_jpeg(bytes, place);
  throw DataError(fmt::format("{}: neither PNG nor JPEG, by its first bytes", place));
}

void check_image_size(std::uint64_t height, std::uint64_t width, const std::string& place) {
  if (height > 0 && width > 0 && height <= kMaxPixels / width) return;
  throw DataError(fmt::format("{}: an image of {} x {} pixels, expected 1 to {} of them", place,
                              height, width, kMaxPixels));
}

std::vector<float> resize_image(std::span<const float> from, std::int64_t height,
                                std::int64_t width, std::int64_t channels, std::int64_t to_height,
                                std::int64_t to_width) {
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  const auto wide = filter_axis(from, size(height), size(width), size(channels), size(to_width));
  return filter_axis(wide, 1, size(height), size(to_width * channels), size(to_height));
}

}  // namespace plumb
