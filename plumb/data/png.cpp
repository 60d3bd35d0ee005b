// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <png.h>

#include "plumb/core/error.h"
#include "plumb/data/image_formats.h"

namespace plumb {

namespace {

/// png_image with its memory given back at the end.
class Reader {
 public:
  explicit Reader(std::string place) : place_(std::move(place)) {
    image.version = PNG_IMAGE_VERSION;
  }
  ~Reader() { png_image_free(&image); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  /// libpng also warns of what it can do without; what it cannot read ends the call.
  void expect(int success) const {
    if (success == 0 || PNG_IMAGE_FAILED(image)) {
      throw DataError(fmt::format("{}: damaged PNG: {}", place_, image.message));
    }
  }

  png_image image{};

 private:
  std::string place_;
};

}  // namespace

Image decode_png(std::span<const std::byte> bytes, const std::string& place) {
  Reader reader(place);
  reader.expect(png_image_begin_read_from_memory(&reader.image, bytes.data(), bytes.size()));
  check_image_size(reader.image.height, reader.image.width, place);
  Image image{.height = reader.image.height,
              .width = reader.image.width,
              .is_grey = (reader.image.format & PNG_FORMAT_FLAG_COLOR) == 0,
              .pixels = {}};
  reader.image.format = PNG_FORMAT_RGB;
  // 16 bits are meant as the 8 are, not as linear light.
  reader.image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  image.pixels.resize(static_cast<std::size_t>(image.height * image.width * 3));
  const png_color white{255, 255, 255};
  reader.expect(png_image_finish_read(&reader.image, &white, image.pixels.data(), 0, nullptr));
  return image;
}

}  // namespace plumb
