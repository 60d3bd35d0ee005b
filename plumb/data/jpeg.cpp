// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
// jpeglib.h needs the above for FILE.
#include <fmt/format.h>
#include <jpeglib.h>

#include <array>
#include <csetjmp>

#include "plumb/core/error.h"
#include "plumb/data/image_formats.h"

namespace plumb {

namespace {

/// libjpeg's errors leave by longjmp, past no C++ object: what they jump over holds none.
struct Decoder {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  std::jmp_buf failed{};
  std::array<char, JMSG_LENGTH_MAX> message{};
};

extern "C" {
void leave(j_common_ptr jpeg) {
  auto* decoder = static_cast<Decoder*>(jpeg->client_data);
  jpeg->err->format_message(jpeg, decoder->message.data());
  std::longjmp(decoder->failed, 1);
}
/// A warning is damage that the decoder would fill in with grey.
void note_message(j_common_ptr jpeg, int level) {
  if (level < 0) leave(jpeg);
}
void say_nothing(j_common_ptr) {}
}

bool read_header(Decoder& decoder, std::span<const std::byte> bytes) {
  if (setjmp(decoder.failed) != 0) return false;
  jpeg_create_decompress(&decoder.jpeg);
  jpeg_mem_src(&decoder.jpeg, reinterpret_cast<const unsigned char*>(bytes.data()),
               static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&decoder.jpeg, TRUE);
  return true;
}

bool read_pixels(Decoder& decoder, std::uint8_t* pixels) {
  if (setjmp(decoder.failed) != 0) return false;
  decoder.jpeg.out_color_space = JCS_RGB;
  jpeg_start_decompress(&decoder.jpeg);
  const std::size_t stride = std::size_t{decoder.jpeg.output_width} * 3;
  while (decoder.jpeg.output_scanline < decoder.jpeg.output_height) {
    JSAMPROW row = pixels + decoder.jpeg.output_scanline * stride;
    jpeg_read_scanlines(&decoder.jpeg, &row, 1);
  }
  jpeg_finish_decompress(&decoder.jpeg);
  return true;
}

class DecoderGuard {
 public:
  explicit DecoderGuard(Decoder& decoder) : decoder_(decoder) {}
  ~DecoderGuard() { jpeg_destroy_decompress(&decoder_.jpeg); }
  DecoderGuard(const DecoderGuard&) = delete;
  DecoderGuard& operator=(const DecoderGuard&) = delete;

 private:
  Decoder& decoder_;
};

}  // namespace

Image decode_jpeg(std::span<const std::byte> bytes, const std::string& place) {
  Decoder decoder;
  decoder.jpeg.err = jpeg_std_error(&decoder.errors);
  decoder.jpeg.client_data = &decoder;
  decoder.errors.error_exit = leave;
  decoder.errors.emit_message = note_message;
  decoder.errors.output_message = say_nothing;
  const DecoderGuard guard(decoder);
  const auto expect = [&](bool success) {
    if (success) return;
    throw DataError(fmt::format("{}: damaged JPEG: {}", place, decoder.message.data()));
  };
  expect(read_header(decoder, bytes));
  check_image_size(decoder.jpeg.image_height, decoder.jpeg.image_width, place);
  Image image{.height = decoder.jpeg.image_height,
              .width = decoder.jpeg.image_width,
              .is_grey = decoder.jpeg.jpeg_color_space == JCS_GRAYSCALE,
              .pixels = {}};
  image.pixels.resize(static_cast<std::size_t>(image.height * image.width * 3));
  expect(read_pixels(decoder, image.pixels.data()));
  return image;
}

}  // namespace plumb
