// SPDX-License-Identifier: Apache-2.0
// Run files: one that loads can be exported. SQLite reads by name, so each input is a file.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "plumb/core/error.h"
#include "plumb/store/run_file.h"
#include "tests/fuzz/fuzz.h"

namespace {

/// A file of this process, in memory where the system has such a folder.
std::string path_of_input() {
  namespace fs = std::filesystem;
  const fs::path memory = "/dev/shm";
  const fs::path folder = fs::is_directory(memory) ? memory : fs::temp_directory_path();
  return (folder / ("plumb_fuzz_" + std::to_string(getpid()) + ".plumb")).string();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plumb;
  static const std::string path = path_of_input();
  std::ofstream(path, std::ios::binary) << fuzz::text_of(data, size);
  try {
    export_json(load_run(path));
  } catch (const StoreError& error) {
    fuzz::expect_message(error.what(), path);
  }
  for (const char* suffix : {"", "-wal", "-shm", "-journal"})
    std::filesystem::remove(path + suffix);
  return 0;
}
