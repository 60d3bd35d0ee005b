// SPDX-License-Identifier: Apache-2.0
// NPY, NPZ and safetensors, each told by its first bytes as the readers tell it.
#include "plumb/data/npz.h"

#include "plumb/core/error.h"
#include "plumb/data/safetensors.h"
#include "tests/fuzz/fuzz.h"

namespace {

void expect_whole(const plumb::NamedArray& array) {
  plumb::fuzz::expect(array.value.size() == array.value.shape().size(),
                      "an array has its elements");
  // Each is there to be read, which the address sanitizer checks, or is refused beforehand.
  double sum = 0;
  if (array.value.dtype() == plumb::DType::f32) {
    for (const float value : array.value.as<float>()) sum += value;
  } else {
    for (const double value : array.value.as<double>()) sum += value;
  }
  [[maybe_unused]] const volatile double read = sum;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plumb;
  const auto bytes = fuzz::bytes_of(data, size);
  try {
    if (size > 0 && data[0] == 0x93) {
      expect_whole(parse_npy(bytes, "a.npy"));
    } else if (size > 0 && data[0] == 'P') {
      for (const NamedArray& array : parse_npz(bytes, "a.npz")) expect_whole(array);
    } else {
      for (const NamedArray& array : parse_safetensors(bytes, "a.safetensors")) expect_whole(array);
    }
  } catch (const DataError& error) {
    fuzz::expect_message(error.what(), "a.");
  }
  return 0;
}
