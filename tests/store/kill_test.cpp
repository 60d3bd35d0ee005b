// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <random>
#include <thread>

#include "plumb/store/run_file.h"
#include "tests/store/run_fixture.h"

namespace plumb {
namespace {

constexpr int kRounds = 2;
constexpr int kProcesses = 10;  // at once
constexpr int kSites = 14;
constexpr double kAllowedLoss_s = 1.0;

// Seconds of a clock that all processes share.
double now_s() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Progress {
  std::int64_t step = -1;
  double time_s = 0;  // when add() had returned
};

struct Training {
  std::string path;
  pid_t process = 0;
  int pipe = 0;
  double kill_at_s = 0;
  double killed_at_s = 0;
};

// Adds a step every half millisecond until it is killed, and tells of each through the pipe.
[[noreturn]] void train(const std::string& path, const RunWriterOptions& options, int pipe) {
  const plumb::Run run = plain_run(1, kSites);
  RunWriter writer(path, options);
  writer.begin(run.info);
  StepRecord step = run.steps[0];
  for (Progress progress;;) {
    step.step = ++progress.step;
    writer.add(step);
    progress.time_s = now_s();
    if (::write(pipe, &progress, sizeof progress) != sizeof progress) ::_exit(1);
    std::this_thread::sleep_for(std::chrono::microseconds(500));
  }
}

Training start(const std::string& path, const RunWriterOptions& options) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t process = ::fork();
  if (process == 0) {
    ::close(ends[0]);
    train(path, options, ends[1]);
  }
  ::close(ends[1]);
  return {path, process, ends[0]};
}

std::vector<Progress> read_progress(int pipe) {
  std::vector<Progress> all;
  for (Progress progress; ::read(pipe, &progress, sizeof progress) == sizeof progress;) {
    all.push_back(progress);
  }
  return all;
}

struct Journal {
  const char* name;
  RunWriterOptions options;
};

class KillTest : public testing::TestWithParam<Journal> {};

INSTANTIATE_TEST_SUITE_P(Journals, KillTest,
                         testing::Values(Journal{"WriteAhead", {}},
                                         Journal{"Rollback",
                                                 {.file_system =
                                                      [](const std::string&) {
                                                        return std::uint64_t{NFS_SUPER_MAGIC};
                                                      }}},
                                         Journal{"Thinned", {.max_file_bytes = 400'000}}),
                         [](const auto& one) { return one.param.name; });

TEST_P(KillTest, AKilledTrainingLosesAtMostItsLastSecond) {
  const ScratchFolder folder;
  std::mt19937 random(20260101);
  std::uniform_real_distribution<double> delay_s(0.0, 1.9);
  std::size_t steps_added = 0;
  std::size_t steps_kept = 0;
  double worst_loss_s = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Training> trainings;
    for (int i = 0; i < kProcesses; ++i) {
      trainings.push_back(
          start(folder / (std::to_string(round * kProcesses + i) + ".plumb"), GetParam().options));
    }
    // A training counts from its first step: before begin() has returned there is no run to lose.
    for (Training& training : trainings) {
      Progress first;
      ASSERT_EQ(::read(training.pipe, &first, sizeof first), sizeof first);
      training.kill_at_s = now_s() + delay_s(random);
    }
    std::sort(trainings.begin(), trainings.end(),
              [](const Training& a, const Training& b) { return a.kill_at_s < b.kill_at_s; });
    for (Training& training : trainings) {
      std::this_thread::sleep_for(std::chrono::duration<double>(training.kill_at_s - now_s()));
      training.killed_at_s = now_s();
      ::kill(training.process, SIGKILL);
      int status = 0;
      ::waitpid(training.process, &status, 0);
      ASSERT_TRUE(WIFSIGNALED(status));
    }
    for (const Training& training : trainings) {
      const auto progress = read_progress(training.pipe);
      ::close(training.pipe);
      const auto steps = load_run(training.path).steps;
      for (std::size_t i = 0; i < steps.size(); ++i) {
        ASSERT_EQ(steps[i].step, static_cast<std::int64_t>(i));
        ASSERT_EQ(steps[i].sketches.size(),
                  static_cast<std::size_t>(steps[i].measured ? kSites : 0));
      }
      EXPECT_TRUE(steps.empty() || steps.back().measured);
      for (const Progress& added : progress) {
        if (added.step < static_cast<std::int64_t>(steps.size())) continue;
        const double loss_s = training.killed_at_s - added.time_s;
        worst_loss_s = std::max(worst_loss_s, loss_s);
        ASSERT_LE(loss_s, kAllowedLoss_s) << "step " << added.step << " of " << training.path;
        break;
      }
      steps_added += progress.size() + 1;
      steps_kept += steps.size();
    }
  }
  EXPECT_GT(steps_kept, steps_added / 4) << "of " << steps_added;
  RecordProperty("worst_loss_ms", static_cast<int>(worst_loss_s * 1000));
  std::cout << "steps added " << steps_added << ", kept " << steps_kept << ", worst loss "
            << worst_loss_s << " s\n";
}

// Killed while the file is being made: there is no run, or an empty one, and never a broken one.
TEST(KilledStartTest, ATrainingKilledAtItsVeryBeginningLeavesNothingBroken) {
  const ScratchFolder folder;
  const std::string path = folder / "a.plumb";
  std::mt19937 random(1);
  for (int i = 0; i < 50; ++i) {
    const pid_t process = ::fork();
    if (process == 0) {
      RunWriter writer(path);
      writer.begin({});
      ::pause();
    }
    std::this_thread::sleep_for(
        std::chrono::microseconds(std::uniform_int_distribution(0, 4000)(random)));
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
    const std::string message = store_error([&] { load_run(path); });
    EXPECT_TRUE(message.empty() || message == path + ": no such file" ||
                message.starts_with(path + ": holds no run yet, nothing was recorded"))
        << message;
  }
}

}  // namespace
}  // namespace plumb
