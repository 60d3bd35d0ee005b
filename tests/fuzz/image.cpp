// SPDX-License-Identifier: Apache-2.0
// PNG and JPEG images.
#include "plumb/core/error.h"
#include "plumb/data/image_formats.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plumb;
  const auto bytes = fuzz::bytes_of(data, size);
  try {
    if (size > 0 && data[0] == 0xFF) {
      decode_jpeg(bytes, "a.jpg");
    } else {
      decode_png(bytes, "a.png");
    }
  } catch (const DataError& error) {
    fuzz::expect_message(error.what(), "a.");
  }
  return 0;
}
