// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

/// What the fuzz targets share. A target is a program with libFuzzer's LLVMFuzzerTestOneInput: any
/// bytes may be refused with the error that its header names, and nothing else may happen. A crash,
/// another exception, a leak, an input that takes more than thirty seconds (on a busy machine, too)
/// or a gigabyte is a finding.
namespace plumb::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline std::span<const std::byte> bytes_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const std::byte*>(data), size};
}

/// What holds of every input that is taken.
inline void expect(bool fine, const char* what) {
  if (fine) return;
  std::fprintf(stderr, "fuzz: does not hold: %s\n", what);
  std::abort();
}

/// An error that names the place and says something.
inline void expect_message(std::string_view message, std::string_view place) {
  expect(message.substr(0, place.size()) == place, "the message begins with the place");
  expect(message.size() > place.size() + 2, "the message says something");
}

}  // namespace plumb::fuzz
