// SPDX-License-Identifier: Apache-2.0
// The network language: a string is refused with a caret, or its normal form is one.
#include "plumb/core/error.h"
#include "plumb/nn/spec/spec.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plumb;
  try {
    const Spec spec = parse_spec(fuzz::text_of(data, size));
    const std::string normal = to_string(spec);
    fuzz::expect(to_string(parse_spec(normal)) == normal, "the normal form is its own");
    fuzz::expect(!expand(spec).empty(), "a network has layers");
  } catch (const SpecError& error) {
    fuzz::expect_message(error.what(), "network: ");
  }
  return 0;
}
