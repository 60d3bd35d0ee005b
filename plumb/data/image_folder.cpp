// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/image_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <system_error>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/data/class_labels.h"
#include "plumb/data/file_bytes.h"
#include "plumb/data/image.h"

namespace plumb {

namespace {

namespace fs = std::filesystem;

struct Class {
  std::string name;
  std::vector<std::string> files;
};

struct Listing {
  std::vector<Class> classes;
  std::size_t other_files = 0;
  std::vector<std::string> empty;  ///< folders without images
};

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

bool is_image(const fs::path& path) {
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

[[noreturn]] void fail_system(const std::string& path, const std::error_code& error) {
  throw DataError(fmt::format("{}: cannot be read: {}", path, error.message()));
}

Class list_class(const fs::path& folder, Listing& listing) {
  Class found{folder.filename().string(), {}};
  std::error_code error;
  // Links to folders are not followed, for they may go in a circle.
  fs::recursive_directory_iterator it(folder, error), end;
  for (; !error && it != end; it.increment(error)) {
    if (is_hidden(it->path())) {
      if (it->is_directory(error)) it.disable_recursion_pending();
    } else if (it->is_regular_file(error)) {
      if (is_image(it->path())) {
        found.files.push_back(it->path().string());
      } else {
        ++listing.other_files;
      }
    }
  }
  if (error) fail_system(folder.string(), error);
  std::ranges::sort(found.files);
  return found;
}

Listing list_images(const std::string& directory, bool may_be_loose) {
  Listing listing;
  Class alone;
  std::error_code error;
  if (!fs::is_directory(directory, error)) throw DataError(directory + ": no such folder");
  std::vector<fs::path> folders;
  fs::directory_iterator it(directory, error), end;
  for (; !error && it != end; it.increment(error)) {
    if (is_hidden(it->path())) continue;
    if (it->is_directory(error)) {
      folders.push_back(it->path());
    } else {
      if (is_image(it->path())) alone.files.push_back(it->path().string());
      ++listing.other_files;
    }
  }
  if (error) fail_system(directory, error);
  std::ranges::sort(folders);
  for (const fs::path& folder : folders) {
    Class found = list_class(folder, listing);
    if (found.files.empty()) {
      listing.empty.push_back(found.name);
    } else {
      listing.classes.push_back(std::move(found));
    }
  }
  if (listing.classes.empty() && may_be_loose && !alone.files.empty()) {
    std::ranges::sort(alone.files);
    listing.other_files -= alone.files.size();
    listing.classes.push_back(std::move(alone));
  }
  if (listing.classes.empty()) {
    throw DataError(fmt::format(
        "{}: {}, expected a folder for each class with PNG or JPEG images", directory,
        folders.empty() ? (!alone.files.empty() ? "images but no folders" : "no folders")
                        : "no image in any of its folders"));
  }
  return listing;
}

/// DIR/train/cat: the folders of DIR are parts, not classes.
void refuse_parts(const std::string& directory, const Listing& listing) {
  static const std::set<std::string> kParts{"train",      "training", "val",    "valid",
                                            "validation", "test",     "testing"};
  const bool all =
      std::ranges::all_of(listing.classes, [&](const Class& c) { return kParts.contains(c.name); });
  if (!all) return;
  const std::string& first = listing.classes.front().name;
  throw DataError(fmt::format(
      "{}: its folders are parts of a data set ({}), expected classes: folder:{}/{} has them",
      directory, first, directory, first));
}

class Pixels {
 public:
  Pixels(const ImageFolderOptions& options, std::size_t samples)
      : options_(options), samples_(samples) {}

  void add(const Image& image, const std::string& file) {
    if (height_ == 0) {
      height_ = options_.height > 0 ? options_.height : image.height;
      width_ = options_.width > 0 ? options_.width : image.width;
      first_ = file;
    }
    const bool same = image.height == height_ && image.width == width_;
    if (!same && options_.height == 0) {
      throw DataError(fmt::format(
          "{}: {} x {} pixels (height x width), expected {} x {} as {}, or ?size={}x{} to resize",
          file, image.height, image.width, height_, width_, first_, height_, width_));
    }
    all_grey_ = all_grey_ && image.is_grey;
    resized_ += same ? 0 : 1;
    if (same) {
      bytes_.insert(bytes_.end(), image.pixels.begin(), image.pixels.end());
      return;
    }
    const std::vector<float> values(image.pixels.begin(), image.pixels.end());
    for (const float v : resize_image(values, image.height, image.width, 3, height_, width_)) {
      bytes_.push_back(static_cast<std::uint8_t>(std::lround(v)));
    }
  }

  Tensor to_tensor() const {
    const bool grey = is_grey();
    const auto n = static_cast<std::int64_t>(samples_);
    Tensor x(grey ? Shape{n, height_, width_} : Shape{n, 3, height_, width_}, DType::f32);
    auto out = x.as<float>().begin();
    const auto area = static_cast<std::size_t>(height_ * width_);
    for (std::size_t sample = 0; sample < samples_; ++sample) {
      const std::uint8_t* pixels = bytes_.data() + sample * area * 3;
      for (std::size_t channel = 0; channel < (grey ? 1u : 3u); ++channel) {
        for (std::size_t i = 0; i < area; ++i) {
          const std::uint8_t* rgb = pixels + 3 * i;
          const float value = grey ? 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2]
                                   : static_cast<float>(rgb[channel]);
          *out++ = value / 255;
        }
      }
    }
    return x;
  }

  bool is_grey() const { return options_.grey || all_grey_; }
  std::string size() const { return fmt::format("{} x {}", height_, width_); }
  std::size_t resized() const { return resized_; }

 private:
  const ImageFolderOptions& options_;
  std::size_t samples_;
  std::int64_t height_ = 0, width_ = 0;
  std::string first_;
  bool all_grey_ = true;
  std::size_t resized_ = 0;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace

Dataset load_image_folder(const std::string& directory, const ImageFolderOptions& options) {
  const Listing listing = list_images(directory, options.may_be_loose);
  refuse_parts(directory, listing);
  if (std::ssize(listing.classes) > kMaxClasses) {
    throw DataError(fmt::format("{}: {} folders, expected at most {} classes", directory,
                                listing.classes.size(), kMaxClasses));
  }
  std::size_t samples = 0, most = 0;
  for (const Class& c : listing.classes) {
    samples += c.files.size();
    most = std::max(most, c.files.size());
  }
  Dataset data;
  Pixels pixels(options, samples);
  std::string counts;
  for (const Class& c : listing.classes) data.class_names.push_back(c.name);
  data.classes = std::ssize(data.class_names);
  for (std::size_t i = 0; i < most; ++i) {
    for (std::size_t k = 0; k < listing.classes.size(); ++k) {
      const auto& files = listing.classes[k].files;
      if (i >= files.size()) continue;
      pixels.add(decode_image(read_file(files[i]), files[i]), files[i]);
      data.labels.push_back(static_cast<std::int32_t>(k));
    }
  }
  data.x = pixels.to_tensor();
  const bool is_loose = listing.classes.front().name.empty();
  for (std::size_t k = 0; k < std::min<std::size_t>(listing.classes.size(), 10); ++k) {
    const Class& c = listing.classes[k];
    counts += fmt::format("{}{} ({})", k > 0 ? ", " : "", c.name, c.files.size());
  }
  if (listing.classes.size() > 10)
    counts += fmt::format(" and {} more", listing.classes.size() - 10);
  std::string note = fmt::format("{}: {} images, {}, {}", directory, samples,
                                 pixels.is_grey() ? "grey" : "3 channels", pixels.size());
  note += is_loose ? "; no class folders" : fmt::format("; {} classes: {}", data.classes, counts);
  if (pixels.resized() > 0) note += fmt::format("; {} resized", pixels.resized());
  if (listing.other_files > 0) {
    note += fmt::format("; {} other files passed over", listing.other_files);
  }
  for (const std::string& name : listing.empty) note += fmt::format("; no image in {}", name);
  data.notes.push_back(std::move(note));
  return data;
}

}  // namespace plumb
