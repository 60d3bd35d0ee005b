// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/file_system.h"

#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sqlite3.h>
#include <sys/vfs.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>

#include "plumb/store/run_file.h"
#include "tests/store/run_fixture.h"

namespace plumb {
namespace {

namespace fs = std::filesystem;

RunWriterOptions on_nfs() {
  return {.file_system = [](const std::string&) { return std::uint64_t{NFS_SUPER_MAGIC}; }};
}

// The kernel's own names for the numbers.
TEST(FileSystemTest, NetworksHaveNoSharedMemory) {
  for (const std::uint64_t type :
       {std::uint64_t{NFS_SUPER_MAGIC}, std::uint64_t{SMB_SUPER_MAGIC},
        std::uint64_t{CODA_SUPER_MAGIC}, std::uint64_t{AFS_FS_MAGIC}, std::uint64_t{V9FS_MAGIC},
        std::uint64_t{OCFS2_SUPER_MAGIC}, std::uint64_t{FUSE_SUPER_MAGIC},
        std::uint64_t{CEPH_SUPER_MAGIC}, std::uint64_t{CIFS_SUPER_MAGIC},
        std::uint64_t{SMB2_SUPER_MAGIC}}) {
    EXPECT_FALSE(store::shares_memory(type)) << std::hex << type;
  }
  for (const std::uint64_t type : {std::uint64_t{EXT4_SUPER_MAGIC}, std::uint64_t{XFS_SUPER_MAGIC},
                                   std::uint64_t{BTRFS_SUPER_MAGIC}, std::uint64_t{TMPFS_MAGIC},
                                   std::uint64_t{OVERLAYFS_SUPER_MAGIC}, std::uint64_t{0}}) {
    EXPECT_TRUE(store::shares_memory(type)) << std::hex << type;
  }
}

TEST(FileSystemTest, TheTypeIsWhatTheSystemSays) {
  if (fs::exists("/proc/self")) {
    EXPECT_EQ(store::file_system_type("/proc"), std::uint64_t{PROC_SUPER_MAGIC});
  }
  EXPECT_EQ(store::file_system_type("/no/such/place"), 0U);
}

TEST(RollbackJournalTest, TheRunIsTheSameAndNoLogAppears) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  plumb::Run run = rich_run();
  run.findings.reset();
  RunWriter writer(path, on_nfs());
  writer.begin(run.info);
  for (const StepRecord& step : run.steps) writer.add(step);
  writer.end(*run.end);
  EXPECT_FALSE(fs::exists(path + "-wal"));
  EXPECT_FALSE(fs::exists(path + "-shm"));
  EXPECT_EQ(describe(load_run(path)), describe(run));
  writer.close();
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1);
  EXPECT_EQ(describe(load_run(path)), describe(run));
}

TEST(RollbackJournalTest, AStepIsInTheFileSoon) {
  const ScratchFolder folder;
  RunWriter writer(folder / "a.plumb", on_nfs());
  writer.begin({});
  writer.add({});
  const auto start = std::chrono::steady_clock::now();
  while (load_run(folder / "a.plumb").steps.empty()) {
    const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
    ASSERT_LT(waited.count(), 60) << "it comes; half a second is a quiet machine's";
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

// A reader that stands between two steps holds no lock, and one that reads whole runs all the time
// leaves gaps.
TEST(RollbackJournalTest, ReadersDoNotStopTheWriter) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  const plumb::Run run = plain_run(600, 14);
  RunWriter writer(path, on_nfs());
  writer.begin(run.info);
  writer.add(run.steps[0]);
  writer.end({"finished", 0, 0});
  RunReader slow(path);
  StepRecord first;
  ASSERT_TRUE(slow.next(first));
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) load_run(path);
  });
  for (std::size_t i = 1; i < run.steps.size(); ++i) {
    writer.add(run.steps[i]);
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
  done = true;
  reader.join();
  writer.close();
  EXPECT_FALSE(writer.error());
  EXPECT_EQ(load_run(path).steps.size(), run.steps.size());
  std::size_t rest = 0;
  for (StepRecord step; slow.next(step);) ++rest;
  EXPECT_EQ(rest, run.steps.size() - 1);
}

// Killed while the journal is hot: what was committed before is there.
TEST(RollbackJournalTest, AKilledRunIsPlayedBack) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  const plumb::Run run = plain_run(50, 14);
  kill_after([&] {
    RunWriter writer(path, on_nfs());
    writer.begin(run.info);
    for (const StepRecord& step : run.steps) writer.add(step);
    writer.end({"finished", 50, 1});
    sqlite3* other = nullptr;
    sqlite3_open(path.c_str(), &other);
    sqlite3_exec(other, "PRAGMA cache_size = 1; BEGIN; DELETE FROM histogram; DELETE FROM step",
                 nullptr, nullptr, nullptr);
    ::raise(SIGKILL);
  });
  const plumb::Run read = load_run(path);
  ASSERT_EQ(read.steps.size(), run.steps.size());
  EXPECT_EQ(describe(read.steps.back()), describe(run.steps.back()));
}

}  // namespace
}  // namespace plumb
