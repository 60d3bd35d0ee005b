// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/join_table.h"

#include "plumb/nn/graph/highway_join.h"
#include "plumb/nn/graph/residual_join.h"

namespace plumb {

namespace {

constexpr JoinEntry kJoins[] = {
    {"res",
     "y = x + S chain(x); options: scale=S, alpha=S (learned from there), rezero (alpha=0); proj "
     "(a "
     "learned linear shortcut), proj=bn, pad (zeros for new channels)",
     make_residual_join},
    {"highway", "y = T chain(x) + (1 - T) x, T a learned gate; option: bias=NUMBER (-2)",
     make_highway_join},
};

}  // namespace

std::span<const JoinEntry> join_table() { return kJoins; }

}  // namespace plumb
