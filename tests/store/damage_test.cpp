// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>

#include "plumb/core/error.h"
#include "plumb/store/run_file.h"
#include "tests/store/run_fixture.h"

namespace plumb {
namespace {

namespace fs = std::filesystem;

constexpr int kFileMutations = 10'000;
constexpr int kLogMutations = 1'000;
constexpr double kPatience_s = 60;  // far beyond what a load of this file takes: a hang

using Random = std::mt19937_64;

std::size_t below(std::size_t limit, Random& random) {
  return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random);
}

// Mostly where there is something: a small database is mostly zeros.
std::size_t place(const std::string& bytes, Random& random) {
  std::size_t i = below(bytes.size(), random);
  for (int tries = 0; tries < 20 && bytes[i] == 0; ++tries) i = below(bytes.size(), random);
  return i;
}

std::string mutate(std::string bytes, Random& random) {
  switch (below(8, random)) {
    case 0: bytes.resize(below(bytes.size(), random)); return bytes;
    case 1: {  // a page in the place of another
      constexpr std::size_t kPage = 4096;
      const std::size_t pages = bytes.size() / kPage;
      if (pages < 2) return bytes;
      bytes.replace(below(pages, random) * kPage, kPage, bytes, below(pages, random) * kPage,
                    kPage);
      return bytes;
    }
    case 2: {  // a run of bytes lost
      const std::size_t begin = place(bytes, random);
      const std::size_t size = std::min(bytes.size() - begin, 1 + below(64, random));
      bytes.replace(begin, size, size, '\0');
      return bytes;
    }
    case 3: bytes[place(bytes, random)] = static_cast<char>(below(256, random)); return bytes;
    case 4:  // the header of the file
      bytes[below(100, random)] ^= static_cast<char>(1 << below(8, random));
      return bytes;
    default:
      for (std::size_t flips = 1 + below(4, random); flips > 0; --flips) {
        bytes[place(bytes, random)] ^= static_cast<char>(1 << below(8, random));
      }
      return bytes;
  }
}

void remove_logs(const std::string& path) {
  for (const char* suffix : {"-wal", "-shm", "-journal"}) fs::remove(path + suffix);
}

// Whether it loads; fails if anything but a StoreError comes out, or nothing for a long time.
bool loads(const std::string& path, std::int64_t seed) {
  const auto start = std::chrono::steady_clock::now();
  bool loaded = false;
  try {
    load_run(path);
    loaded = true;
  } catch (const StoreError& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.rfind(path + ": ", 0), 0U) << "mutation " << seed << ": " << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << "mutation " << seed << ": " << message;
  } catch (const std::exception& error) {
    ADD_FAILURE() << "mutation " << seed << ": " << error.what();
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  EXPECT_LT(took.count(), kPatience_s) << "mutation " << seed;
  return loaded;
}

TEST(DamageTest, ADamagedFileIsAStoreErrorOrLoads) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  plumb::Run run = plain_run(20, 21);  // several pages of sketches
  run.steps.push_back(rich_run().steps.back());
  run.steps.back().step = 99;
  run.findings = rich_run().findings;
  const plumb::Run rich = rich_run();
  run.info = rich.info;
  write_run(path, run);
  const std::string good = read_file(path);
  int loaded = 0;
  for (int i = 0; i < kFileMutations && !testing::Test::HasFailure(); ++i) {
    Random random(static_cast<std::uint64_t>(i));
    write_file(path, mutate(good, random));
    loaded += loads(path, i) ? 1 : 0;
    remove_logs(path);
  }
  EXPECT_GT(loaded, kFileMutations / 20) << "flips within values cannot be noticed";
  EXPECT_LT(loaded, kFileMutations * 19 / 20) << "the mutations are too gentle";
  std::cout << loaded << " of " << kFileMutations << " loaded\n";
}

// The log has checksums: what loads in spite of the damage is a prefix of the run.
TEST(DamageTest, ADamagedLogLosesOnlyWhatCameAfter) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  plumb::Run run = plain_run(20, 21);
  run.end = RunEnd{"finished", 20, 1};  // returns when all is in the log
  write_killed_run(path, run);
  ASSERT_GT(fs::file_size(path + "-wal"), 10'000U);
  const std::string file = read_file(path);
  const std::string log = read_file(path + "-wal");
  for (int i = 0; i < kLogMutations && !testing::Test::HasFailure(); ++i) {
    Random random(static_cast<std::uint64_t>(i));
    remove_logs(path);
    write_file(path, file);
    write_file(path + "-wal", mutate(log, random));
    if (!loads(path, i)) continue;
    const auto steps = load_run(path).steps;
    ASSERT_LE(steps.size(), run.steps.size());
    for (std::size_t s = 0; s < steps.size(); ++s) {
      ASSERT_EQ(describe(steps[s]), describe(run.steps[s])) << "mutation " << i;
    }
  }
}

}  // namespace
}  // namespace plumb
