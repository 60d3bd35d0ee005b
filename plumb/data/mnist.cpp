// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/mnist.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <string_view>

#include "plumb/core/error.h"
#include "plumb/data/idx.h"

namespace plumb {

namespace {

constexpr int kClasses = 10;

std::optional<std::string> find_file(const std::string& folder, std::string_view part,
                                     std::string_view kind) {
  for (const char separator : {'-', '.'}) {
    for (const std::string_view suffix : {"", ".gz"}) {
      const std::string name = fmt::format("{}-{}{}{}-ubyte{}", part, kind, separator,
                                           kind == "images" ? "idx3" : "idx1", suffix);
      const auto path = std::filesystem::path(folder) / name;
      std::error_code error;
      if (std::filesystem::exists(path, error)) return path.string();
    }
  }
  return std::nullopt;
}

}  // namespace

Dataset load_mnist(const std::string& folder) {
  for (const std::string_view part : {"train", "t10k"}) {
    const auto images_path = find_file(folder, part, "images");
    if (!images_path) continue;
    const auto labels_path = find_file(folder, part, "labels");
    if (!labels_path) {
      throw DataError(
          fmt::format("{}: has {} images but no labels, expected {}-labels-idx1-ubyte or .gz",
                      folder, part, part));
    }
    const IdxArray images = read_idx(*images_path, 3);
    const IdxArray labels = read_idx(*labels_path, 1);
    if (images.values.empty()) {
      throw DataError(fmt::format("{}: {} images of {} x {} pixels, expected at least one of each",
                                  *images_path, images.extents[0], images.extents[1],
                                  images.extents[2]));
    }
    if (labels.values.size() != images.extents[0]) {
      throw DataError(fmt::format("{}: {} labels, expected {}, as many as images", *labels_path,
                                  labels.values.size(), images.extents[0]));
    }
    Dataset data;
    data.classes = kClasses;
    data.x = Tensor(Shape(std::vector<std::int64_t>(images.extents.begin(), images.extents.end())),
                    DType::f32);
    auto pixels = data.x.as<float>();
    for (std::size_t i = 0; i < pixels.size(); ++i) {
      pixels[i] = static_cast<float>(images.values[i]) / 255.0f;
    }
    for (std::size_t i = 0; i < labels.values.size(); ++i) {
      if (labels.values[i] >= kClasses) {
        throw DataError(fmt::format("{}: label {} of sample {}, expected 0 to {}", *labels_path,
                                    labels.values[i], i, kClasses - 1));
      }
    }
    data.labels.assign(labels.values.begin(), labels.values.end());
    return data;
  }
  throw DataError(fmt::format(
      "{}: has no images, expected train-images-idx3-ubyte or t10k-images-idx3-ubyte, plain or .gz",
      folder));
}

}  // namespace plumb
