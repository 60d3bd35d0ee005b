// SPDX-License-Identifier: Apache-2.0
// IDX files of labels and of images, plain or gzip.
#include "plumb/data/idx.h"
#include "plumb/core/error.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plumb;
  for (const int rank : {1, 3}) {
    try {
      const IdxArray array = parse_idx(fuzz::bytes_of(data, size), rank, "a.idx");
      std::uint64_t count = 1;
      for (const std::uint64_t extent : array.extents) count *= extent;
      fuzz::expect(count == array.values.size(), "as many values as the extents say");
    } catch (const DataError& error) {
      fuzz::expect_message(error.what(), "a.idx");
    }
  }
  return 0;
}
