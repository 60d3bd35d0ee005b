// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/op_graph.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

namespace plumb {
namespace {

/// An autograd graph made by hand: nodes by name.
class Nodes : public AutogradReader {
 public:
  AutogradNode make(const std::string& name, const std::vector<std::string>& reads) {
    std::vector<AutogradNode> edges;
    for (const std::string& read : reads) edges.push_back(read.empty() ? nullptr : at(read));
    edges_[at(name)] = edges;
    return at(name);
  }
  AutogradNode param(const std::string& path) {
    params_[at(path)] = path;
    return at(path);
  }
  std::vector<AutogradNode> edges(AutogradNode node) const override {
    const auto found = edges_.find(node);
    return found == edges_.end() ? std::vector<AutogradNode>{} : found->second;
  }
  std::string parameter(AutogradNode node) const override {
    const auto found = params_.find(node);
    return found == params_.end() ? "" : found->second;
  }
  AutogradNode at(const std::string& name) {
    auto& one = names_[name];
    if (!one) one = std::make_unique<int>(0);
    return one.get();
  }

 private:
  std::map<std::string, std::unique_ptr<int>> names_;
  std::map<AutogradNode, std::vector<AutogradNode>> edges_;
  std::map<AutogradNode, std::string> params_;
};

class OpGraphTest : public ::testing::Test {
 protected:
  void start(std::vector<ModuleFacts> modules, std::vector<ParamFacts> params) {
    for (const ParamFacts& one : params) nodes.param(one.path);
    graph = std::make_unique<OpGraph>(session, nodes, std::move(modules), std::move(params));
    session.begin_step(0);
    graph->begin();
  }
  OpEvent event(const std::string& op, const std::string& node,
                const std::vector<std::string>& reads, std::vector<std::int64_t> sizes = {4, 8}) {
    OpEvent one;
    one.name = op;
    one.node = nodes.make(node, reads);
    one.sizes = std::move(sizes);
    one.read_count = 32;
    return one;
  }
  void first_linear(const std::string& module, const std::string& node) {
    OpEvent one = event("linear", node, {module + ".bias", "", module + ".weight"});
    one.data = &batch;
    one.data_sizes = {4, 8};
    graph->add(one);
  }
  const LayerInfo& layer(const std::string& path) {
    for (const LayerInfo& one : session.draft().layers) {
      if (one.path == path) return one;
    }
    ADD_FAILURE() << "no layer " << path;
    static const LayerInfo none;
    return none;
  }
  std::vector<std::string> paths() {
    std::vector<std::string> found;
    for (const LayerInfo& one : session.draft().layers) found.push_back(one.path);
    return found;
  }
  std::vector<std::string> inputs_of(const std::string& path) {
    std::vector<std::string> found;
    for (const Edge& edge : layer(path).inputs) {
      found.push_back(session.draft().layers[static_cast<std::size_t>(edge.from)].path);
    }
    return found;
  }

  Nodes nodes;
  testing::TempDir dir;
  Session session{{.path = dir.file("op_graph.plumb"), .record = "every=1"}};
  std::unique_ptr<OpGraph> graph;
  int batch = 0;
};

std::vector<ParamFacts> linear_params(std::initializer_list<const char*> modules) {
  std::vector<ParamFacts> found;
  for (const std::string module : modules) {
    found.push_back({module + ".weight", {8, 8}});
    found.push_back({module + ".bias", {8}});
  }
  return found;
}

TEST_F(OpGraphTest, AChainHasThePathsOfItsSequential) {
  start({{"", "Sequential", "", true, true},
         {"0", "Linear", "Linear(8, 8)", false, true},
         {"1", "ReLU", "ReLU()", false, false},
         {"2", "Linear", "Linear(8, 8)", false, true}},
        linear_params({"0", "2"}));
  first_linear("0", "z0");
  OpEvent relu = event("relu", "a0", {"z0"});
  relu.function = "relu";
  graph->add(relu);
  graph->add(event("linear", "z1", {"2.bias", "a0", "2.weight"}));
  graph->finish(event("cross_entropy_loss", "loss", {"z1"}, {}).node);
  EXPECT_EQ(paths(), (std::vector<std::string>{"input", "0", "1", "2"}));
  EXPECT_EQ(layer("0").kind, "Linear");
  EXPECT_EQ(layer("0").text, "Linear(8, 8)");
  EXPECT_EQ(layer("0").fan_in, 8);
  EXPECT_EQ(layer("2").depth, 2);
  EXPECT_EQ(layer("1").function, "relu");
  EXPECT_TRUE(layer("1").traits.has_value());
  EXPECT_EQ(session.draft().outputs, (std::vector<LayerId>{3}));
}

TEST_F(OpGraphTest, ALossThatIsKnownIsNoLayer) {
  start({{"", "Net", "", false, true}}, linear_params({"fc"}));
  first_linear("fc", "z");
  graph->add(event("log_softmax", "p", {"z"}));
  graph->add(event("nll_loss", "loss", {"p"}, {}));
  graph->finish(nodes.at("loss"));
  EXPECT_EQ(paths(), (std::vector<std::string>{"input", "fc"}));
  EXPECT_EQ(session.draft().loss, "cross_entropy");
}

TEST_F(OpGraphTest, AWrittenOutLossIsNone) {
  start({{"", "Net", "", false, true}}, linear_params({"fc"}));
  first_linear("fc", "z");
  graph->add(event("sub", "d", {"z"}));
  graph->add(event("pow", "s", {"d"}));
  graph->add(event("mean", "loss", {"s"}, {}));
  graph->finish(nodes.at("loss"));
  EXPECT_EQ(paths(), (std::vector<std::string>{"input", "fc"}));
}

TEST_F(OpGraphTest, ASumAroundALayerIsAResidualAndItsWaysAreToldApart) {
  start({{"", "Net", "", false, true}}, linear_params({"a", "b", "c"}));
  first_linear("a", "x");
  graph->add(event("linear", "f", {"b.bias", "x", "b.weight"}));
  graph->add(event("add", "y", {"f", "x"}));
  graph->add(event("linear", "z", {"c.bias", "y", "c.weight"}));
  graph->add(event("mse_loss", "loss", {"z"}, {}));
  graph->finish(nodes.at("loss"));
  EXPECT_EQ(layer("add").family, LayerFamily::residual);
  EXPECT_EQ(inputs_of("add"), (std::vector<std::string>{"b", "a"}));
  EXPECT_EQ(layer("add").inputs[1].way, Way::shortcut);
  ASSERT_EQ(graph->ways().size(), 2u);
  const LayerId a = graph->op(graph->made_by(0)).layer;
  for (const OpGraph::Way& way : graph->ways()) {
    EXPECT_EQ(way.layer, a);
    EXPECT_EQ(way.edge, 1u);  // both read x as their second input
    EXPECT_TRUE(way.inside.empty());
  }
}

TEST_F(OpGraphTest, ALinearThatIsManyNodesIsOneLayer) {
  start({{"", "Net", "", false, true}}, linear_params({"fc"}));
  nodes.make("t", {"fc.weight"});
  nodes.make("mm", {"", "t"});
  nodes.make("sum", {"mm", "fc.bias"});
  OpEvent one = event("linear", "view", {"sum"}, {4, 3, 8});
  one.data = &batch;
  one.data_sizes = {4, 3, 8};
  graph->add(one);
  graph->add(event("mse_loss", "loss", {"view"}, {}));
  graph->finish(nodes.at("loss"));
  EXPECT_EQ(paths(), (std::vector<std::string>{"input", "fc"}));
  EXPECT_EQ(session.draft().params[0].users, (std::vector<LayerId>{1}));
}

TEST_F(OpGraphTest, AttentionWrittenOutIsOneLayer) {
  start({{"", "Net", "", false, true}}, linear_params({"x", "q", "k", "v"}));
  first_linear("x", "x");
  for (const char* name : {"q", "k", "v"}) {
    graph->add(
        event("linear", name, {std::string(name) + ".bias", "x", std::string(name) + ".weight"}));
  }
  graph->add(event("transpose", "kt", {"k"}));
  graph->add(event("div", "qs", {"q"}));
  graph->add(event("bmm", "scores", {"qs", "kt"}));
  graph->add(event("softmax", "weights", {"scores"}));
  graph->add(event("bmm", "mixed", {"weights", "v"}));
  graph->add(event("mse_loss", "loss", {"mixed"}, {}));
  graph->finish(nodes.at("loss"));
  EXPECT_EQ(layer("scaled_dot_product_attention").family, LayerFamily::attention);
  EXPECT_EQ(inputs_of("scaled_dot_product_attention"), (std::vector<std::string>{"q", "k", "v"}));
  EXPECT_EQ(paths().size(), 6u);
}

TEST_F(OpGraphTest, AModuleThatIsCalledTwiceSharesItsParameters) {
  start({{"", "Net", "", false, true}, {"fc", "Linear", "", false, true}}, linear_params({"fc"}));
  first_linear("fc", "z");
  graph->add(event("linear", "z2", {"fc.bias", "z", "fc.weight"}));
  graph->add(event("mse_loss", "loss", {"z2"}, {}));
  graph->finish(nodes.at("loss"));
  EXPECT_EQ(paths(), (std::vector<std::string>{"input", "fc", "fc#2"}));
  EXPECT_EQ(session.draft().params[0].users, (std::vector<LayerId>{1, 2}));
  EXPECT_EQ(graph->notes()[0], "fc.weight is shared by fc, fc#2");
}

TEST_F(OpGraphTest, FrozenUnusedAndSeveredParametersAreNamed) {
  std::vector<ParamFacts> params = linear_params({"fc", "unused"});
  params[0].frozen = true;
  start({{"", "Net", "", false, true}}, params);
  OpEvent one = event("linear", "z", {"fc.bias", "", ""});
  one.data = &batch;
  one.data_sizes = {4, 8};
  one.params = {"fc.weight"};
  graph->add(one);
  graph->add(event("mse_loss", "loss", {"z"}, {}));
  graph->finish(nodes.at("loss"));
  EXPECT_EQ(graph->notes(),
            (std::vector<std::string>{"fc.weight is frozen: requires_grad is false",
                                      "unused.weight is used by no layer that the loss depends on",
                                      "unused.bias is used by no layer that the loss depends on"}));
}

TEST_F(OpGraphTest, ASecondPassHasTheSameLayers) {
  start({{"", "Net", "", false, true}}, linear_params({"fc"}));
  for (int pass = 0; pass < 2; ++pass) {
    graph->begin();
    first_linear("fc", "z");
    graph->add(event("relu", "a", {"z"}));
    graph->add(event("mse_loss", "loss", {"a"}, {}));
    graph->finish(nodes.at("loss"));
    graph->forget();
  }
  EXPECT_EQ(paths(), (std::vector<std::string>{"input", "fc", "relu"}));
}

TEST_F(OpGraphTest, BiasesAddedBehindBelongToTheLayer) {
  start({{"", "Net", "", false, true}}, linear_params({"fc", "out"}));
  OpEvent one = event("matmul", "z", {"", "fc.weight"});
  one.data = &batch;
  one.data_sizes = {4, 8};
  graph->add(one);
  graph->add(event("add", "zb", {"z", "fc.bias"}));
  graph->add(event("linear", "o", {"out.bias", "zb", "out.weight"}));
  graph->add(event("mse_loss", "loss", {"o"}, {}));
  graph->finish(nodes.at("loss"));
  EXPECT_EQ(paths(), (std::vector<std::string>{"input", "fc", "out"}));
  EXPECT_EQ(session.draft().params[1].users, (std::vector<LayerId>{1}));
}

}  // namespace
}  // namespace plumb
