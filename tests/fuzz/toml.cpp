// SPDX-License-Identifier: Apache-2.0
// The file of --config.
#include "plumb/cli/config_file.h"
#include "plumb/core/error.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plumb;
  try {
    for (const cli::FileSetting& one :
         cli::parse_config(std::string(fuzz::text_of(data, size)), "a.toml")) {
      fuzz::expect(!one.key.empty() || one.value.size() < size, "a setting stands in the text");
    }
  } catch (const DataError& error) {
    fuzz::expect_message(error.what(), "a.toml");
  } catch (const SpecError& error) {
    fuzz::expect_message(error.what(), "a.toml");
  }
  return 0;
}
