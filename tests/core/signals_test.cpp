// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/signals.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <csignal>
#include <optional>

#include "plumb/core/parallel.h"

namespace plumb {
namespace {

volatile std::sig_atomic_t g_came = 0;

class HeldSignalsTest : public ::testing::Test {
 protected:
  HeldSignalsTest() {
    g_came = 0;
    std::signal(SIGUSR1, [](int /*signal*/) { g_came = g_came + 1; });
    std::signal(SIGFPE, [](int /*signal*/) { g_came = g_came + 1; });
  }
  ~HeldSignalsTest() override {
    std::signal(SIGUSR1, SIG_DFL);
    std::signal(SIGFPE, SIG_DFL);
  }
};

TEST_F(HeldSignalsTest, OneThatArrivesWaitsForTheLast) {
  std::optional<HeldSignals> outer(std::in_place);
  {
    const HeldSignals inner;
    std::raise(SIGUSR1);
    EXPECT_EQ(g_came, 0);
  }
  EXPECT_EQ(g_came, 0);
  outer.reset();
  EXPECT_EQ(g_came, 1);
  std::raise(SIGUSR1);
  EXPECT_EQ(g_came, 2);
}

TEST_F(HeldSignalsTest, AFaultComesAtOnce) {
  const HeldSignals held;
  std::raise(SIGFPE);
  EXPECT_EQ(g_came, 1);
}

TEST_F(HeldSignalsTest, WhatTheThreadHadBlockedStaysBlocked) {
  sigset_t own, before;
  sigemptyset(&own);
  sigaddset(&own, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &own, &before);
  { const HeldSignals held; }
  std::raise(SIGUSR1);
  EXPECT_EQ(g_came, 0);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_EQ(g_came, 1);
}

bool blocked(int signal) {
  sigset_t now;
  pthread_sigmask(SIG_SETMASK, nullptr, &now);
  return sigismember(&now, signal) == 1;
}

TEST_F(HeldSignalsTest, ThreadsOfAPoolTakeNoneAndTheCallingThreadKeepsItsOwnWay) {
  ThreadPool pool(3);
  std::array<bool, 3> interrupted{};
  pool.run(3, 1, [&](std::int64_t begin, std::int64_t /*end*/) {
    interrupted[static_cast<std::size_t>(begin)] = !blocked(SIGINT);
  });
  EXPECT_EQ(interrupted, (std::array{true, false, false}));
}

}  // namespace
}  // namespace plumb
