// SPDX-License-Identifier: Apache-2.0
#include "plumb/flow/layer_graph.h"

#include <gtest/gtest.h>

#include <type_traits>

#include "plumb/core/error.h"

namespace plumb {
namespace {

using Chain = LayerGraph::Chain;

/// Layers without names, by family and what they read.
class Graph {
 public:
  LayerId add(LayerFamily family, std::vector<Edge> inputs = {}) {
    LayerInfo layer;
    layer.path = "m" + std::to_string(info.layers.size());
    layer.family = family;
    layer.inputs = std::move(inputs);
    info.layers.push_back(layer);
    return static_cast<LayerId>(info.layers.size()) - 1;
  }
  LayerId input() { return add(LayerFamily::input); }
  LayerId linear(LayerId from) { return add(LayerFamily::linear, {{from}}); }
  RunInfo info;
};

TEST(LayerGraphTest, AChainIsTheMainChain) {
  Graph graph;
  const LayerId x = graph.input();
  const LayerId a = graph.linear(x), b = graph.add(LayerFamily::activation, {{a}});
  const LayerId c = graph.linear(b);
  const LayerGraph layers(graph.info);
  EXPECT_EQ(layers.main_chain(), (Chain{a, b, c}));
  EXPECT_EQ(layers.below(a), x);
  EXPECT_EQ(layers.below(x), kNoLayer);
  EXPECT_TRUE(layers.ways(c).empty());
  EXPECT_TRUE(layers.beside(b).empty());
}

TEST(LayerGraphTest, ABlockIsOneLinkAndItsWaysMeetWhereTheyBegan) {
  Graph graph;
  const LayerId x = graph.linear(graph.input());
  const LayerId b1 = graph.linear(x), b2 = graph.linear(b1), side = graph.linear(x);
  const LayerId sum =
      graph.add(LayerFamily::residual, {{b2, 0, Way::branch}, {side, 0, Way::shortcut, true}});
  const LayerId out = graph.linear(sum);
  const LayerGraph layers(graph.info);
  EXPECT_EQ(layers.main_chain(), (Chain{x, sum, out}));
  EXPECT_EQ(layers.below(sum), x);
  ASSERT_EQ(layers.ways(sum).size(), 2u);
  EXPECT_EQ(layers.way(sum, Way::branch)->chain, (Chain{b1, b2}));
  EXPECT_EQ(layers.way(sum, Way::branch)->reader, b1);
  EXPECT_FALSE(layers.way(sum, Way::branch)->main);
  EXPECT_EQ(layers.way(sum, Way::shortcut)->chain, (Chain{side}));
  EXPECT_TRUE(layers.way(sum, Way::shortcut)->main);
  EXPECT_EQ(layers.deepest_way(sum), layers.way(sum, Way::branch));
  EXPECT_EQ(layers.beside(side), "shortcut");
  EXPECT_TRUE(layers.is_on_chain(b1));
}

TEST(LayerGraphTest, AnIdentityIsReadByTheSumItself) {
  Graph graph;
  const LayerId x = graph.linear(graph.input());
  const LayerId branch = graph.linear(x);
  const LayerId sum =
      graph.add(LayerFamily::residual, {{branch, 0, Way::branch}, {x, 0, Way::shortcut, true}});
  const LayerGraph layers(graph.info);
  EXPECT_TRUE(layers.way(sum, Way::shortcut)->chain.empty());
  EXPECT_EQ(layers.way(sum, Way::shortcut)->reader, sum);
  EXPECT_EQ(layers.readers(x).size(), 2u);
}

// A U-Net: what goes down comes up and is set beside what went before, twice.
TEST(LayerGraphTest, SkipsNestWithoutNames) {
  Graph graph;
  const LayerId e1 = graph.linear(graph.input());
  const LayerId e2 = graph.linear(e1), bottom = graph.linear(e2);
  const LayerId inner = graph.add(LayerFamily::join, {{bottom}, {e2}});
  const LayerId up = graph.linear(inner);
  const LayerId outer = graph.add(LayerFamily::join, {{up}, {e1}});
  const LayerId out = graph.linear(outer);
  const LayerGraph layers(graph.info);
  EXPECT_EQ(layers.main_chain(), (Chain{e1, outer, out}));
  EXPECT_EQ(layers.deepest_way(outer)->chain, (Chain{e2, inner, up}));
  EXPECT_TRUE(layers.deepest_way(outer)->main);
  EXPECT_EQ(layers.deepest_way(inner)->chain, (Chain{bottom}));
  EXPECT_TRUE(layers.is_on_chain(bottom));
}

// Each layer reads all before it (DenseNet): 60 of them have 2^60 ways, which nobody walks.
TEST(LayerGraphTest, DenseConnectionsStayCheap) {
  Graph graph;
  std::vector<Edge> all{{graph.linear(graph.input())}};
  LayerId last = all[0].from;
  for (int i = 0; i < 60; ++i) {
    last = graph.linear(all.size() == 1 ? last : graph.add(LayerFamily::join, all));
    all.push_back({last});
  }
  const LayerGraph layers(graph.info);
  EXPECT_TRUE(layers.is_on_chain(last));
  EXPECT_EQ(layers.main_chain().back(), last);
}

TEST(LayerGraphTest, TheOrderOfTheListDoesNotMatter) {
  Graph graph;
  graph.add(LayerFamily::linear, {{2}});
  graph.add(LayerFamily::linear, {{0}});
  graph.add(LayerFamily::input);
  const LayerGraph layers(graph.info);
  EXPECT_EQ(layers.forward_order(), (Chain{2, 0, 1}));
  EXPECT_EQ(layers.main_chain(), (Chain{0, 1}));
}

TEST(LayerGraphTest, WaysFromTwoInputsFollowTheMarkedOne) {
  Graph graph;
  const LayerId tokens = graph.input(), places = graph.input();
  const LayerId words = graph.add(LayerFamily::embedding, {{tokens}});
  const LayerId positions = graph.add(LayerFamily::embedding, {{places}});
  const LayerId sum = graph.add(LayerFamily::join, {{positions}, {words, 0, Way::unnamed, true}});
  const LayerGraph layers(graph.info);
  EXPECT_EQ(layers.main_chain(), (Chain{words, sum}));
  EXPECT_EQ(layers.ways(sum)[0].chain, (Chain{positions}));
}

// Without a name the way with the most linear layers is the deepest, those of blocks on it counted;
// of equal ones the first. A branch is the deepest, whatever is on the others.
TEST(LayerGraphTest, TheDeepestWayHasTheMostLinearLayersOrIsTheBranch) {
  Graph graph;
  const LayerId x = graph.linear(graph.input());
  const LayerId a = graph.add(LayerFamily::activation, {{x}});
  const LayerId b = graph.linear(x);
  const LayerId c = graph.linear(x), in_c = graph.linear(c);
  const LayerId block = graph.add(LayerFamily::join, {{c}, {in_c}});
  const LayerId d = graph.linear(graph.linear(x));
  const auto deepest = [&](std::vector<Edge> inputs) {
    const LayerId join = graph.add(LayerFamily::join, std::move(inputs));
    const LayerId from = [&] {
      const LayerGraph layers(graph.info);
      const LayerGraph::WayThrough* way = layers.deepest_way(join);
      EXPECT_TRUE(way->main);
      EXPECT_EQ(layers.below(join), x);
      return graph.info.layer(join).inputs[static_cast<std::size_t>(way->input)].from;
    }();
    graph.info.layers.pop_back();
    return from;
  };
  EXPECT_EQ(deepest({{a}, {b}}), b);
  EXPECT_EQ(deepest({{b}, {a}}), b);
  EXPECT_EQ(deepest({{x}, {a}}), x);
  EXPECT_EQ(deepest({{a}, {x}}), a);
  EXPECT_EQ(deepest({{b}, {block}}), block);
  EXPECT_EQ(deepest({{block}, {d}}), block);
  EXPECT_EQ(deepest({{d}, {block}}), d);
  EXPECT_EQ(deepest({{d}, {a, 0, Way::branch}, {block}}), a);
}

TEST(LayerGraphTest, ALayerThatReadsTwiceIsOneReader) {
  Graph graph;
  const LayerId x = graph.linear(graph.input());
  const LayerId square = graph.add(LayerFamily::join, {{x}, {x}});
  const LayerId out = graph.linear(square);
  const LayerGraph layers(graph.info);
  ASSERT_EQ(layers.readers(x).size(), 1u);
  EXPECT_EQ(layers.readers(x)[0], square);
  EXPECT_TRUE(layers.readers(out).empty());
  EXPECT_EQ(layers.ways(square)[1].input, 1);
  EXPECT_EQ(layers.main_chain(), (Chain{x, square, out}));
}

// A way on a shortcut is beside the chain by that name; a named way inside has its own.
TEST(LayerGraphTest, WhatStandsBesideIsNamedByItsWay) {
  Graph graph;
  const LayerId x = graph.linear(graph.input());
  const LayerId branch = graph.linear(x);
  const LayerId s1 = graph.linear(x), s2 = graph.linear(x);
  const LayerId inner = graph.add(LayerFamily::join, {{s1}, {s2}});
  const LayerId gate = graph.linear(x);
  const LayerId sum =
      graph.add(LayerFamily::residual,
                {{branch, 0, Way::branch}, {inner, 0, Way::shortcut, true}, {gate, 0, Way::gate}});
  const LayerId p = graph.linear(sum), q = graph.linear(sum);
  graph.add(LayerFamily::join, {{p}, {q}});
  const LayerGraph layers(graph.info);
  EXPECT_EQ(layers.beside(branch), "");
  EXPECT_EQ(layers.beside(inner), "shortcut");
  EXPECT_EQ(layers.beside(s1), "shortcut");
  EXPECT_EQ(layers.beside(s2), "shortcut");
  EXPECT_EQ(layers.beside(gate), "gate");
  EXPECT_EQ(layers.beside(p), "");
  EXPECT_EQ(layers.beside(q), "beside");
  EXPECT_FALSE(layers.is_on_chain(s1));
  EXPECT_EQ(layers.way(sum, Way::gate)->reader, gate);
  EXPECT_EQ(layers.way(sum, Way::unnamed), nullptr);
  EXPECT_EQ(layers.deepest_way(branch), nullptr);
}

TEST(LayerGraphTest, TheOutputIsTheLastNamedOrTheLastThatNobodyReads) {
  Graph graph;
  const LayerId x = graph.linear(graph.input());
  const LayerId a = graph.linear(x), b = graph.linear(x);
  graph.input();  // nobody reads it, and it reads nothing
  EXPECT_EQ(LayerGraph(graph.info).main_chain(), (Chain{x, b}));
  graph.info.outputs = {b, a};
  EXPECT_EQ(LayerGraph(graph.info).main_chain(), (Chain{x, a}));
}

TEST(LayerGraphTest, WhatTheLossDoesNotSeeIsBesideTheChain) {
  Graph graph;
  const LayerId x = graph.linear(graph.input());
  const LayerId out = graph.linear(x), unused = graph.linear(x);
  graph.info.outputs = {out};
  const LayerGraph layers(graph.info);
  EXPECT_EQ(layers.main_chain(), (Chain{x, out}));
  EXPECT_FALSE(layers.is_on_chain(unused));
}

TEST(LayerGraphTest, AnEdgeFromNowhereAndACircleAreNamed) {
  Graph graph;
  graph.linear(7);
  try {
    const LayerGraph layers(graph.info);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "layer 'm0' reads layer 7, expected one of 0 to 0");
  }
  Graph circle;
  circle.input();
  circle.linear(2);
  circle.linear(1);
  try {
    const LayerGraph layers(circle.info);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(),
                 "layer 'm1' depends on its own output, expected a graph without circles");
  }
  for (const LayerId outside : {-1, 2}) {
    Graph edge;
    edge.input();
    edge.linear(outside);
    EXPECT_THROW(const LayerGraph layers(edge.info), UsageError) << outside;
  }
}

TEST(LayerGraphTest, EmptyRunsHaveNoChain) {
  const RunInfo info;
  EXPECT_TRUE(LayerGraph(info).main_chain().empty());
}

static_assert(!std::is_constructible_v<LayerGraph, RunInfo&&>);

}  // namespace
}  // namespace plumb
