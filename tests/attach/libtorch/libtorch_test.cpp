// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/libtorch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "plumb/store/run_file.h"
#include "tests/attach/libtorch/models.h"
#include "tests/support/temp_dir.h"

namespace plumb {
namespace {

using attach::Libtorch;
using test::numbers;
using ::testing::ElementsAre;
using ::testing::IsSupersetOf;
namespace F = torch::nn::functional;

#if TORCH_VERSION_MAJOR >= 2
namespace warnings = c10::WarningUtils;
#else
namespace warnings = c10::Warning;
#endif

const attach::LibtorchOptions kEvery{.record = "every=1"};

/// A file in the folder of this program's tests, which goes with it.
std::string temporary(const std::string& name) {
  static const testing::TempDir dir;
  return dir.file(name + ".plumb");
}

const SketchRecord* find(const plumb::Run& run, std::size_t step, const std::string& site) {
  for (const SketchRecord& one : run.steps.at(step).sketches) {
    if (run.info.name_of(one.site) == site) return &one;
  }
  return nullptr;
}

double rms(const torch::Tensor& x) {
  return std::sqrt(x.detach().to(torch::kDouble).square().mean().item<double>());
}

void expect_rms(const plumb::Run& run, std::size_t step, const std::string& site, double expected) {
  const SketchRecord* const found = find(run, step, site);
  ASSERT_NE(found, nullptr) << site;
  EXPECT_NEAR(found->sketch.true_log2_rms(), std::log2(expected), 1e-6) << site;
}

std::vector<std::string> paths(const plumb::Run& run) {
  std::vector<std::string> found;
  for (const LayerInfo& one : run.info.layers) found.push_back(one.path);
  return found;
}

torch::Tensor labels(std::int64_t count) { return torch::arange(count, torch::kLong).remainder(5); }

/// Trains for some steps; `watched` is asked to watch.
template <class Model>
std::vector<torch::Tensor> train(Model model, const torch::Tensor& x, int steps,
                                 const std::string& path, const attach::LibtorchOptions& options,
                                 bool tells_steps = true) {
  torch::optim::Adam optimizer(model->parameters(), 0.01);
  std::unique_ptr<Libtorch> watch;
  if (!path.empty()) watch = std::make_unique<Libtorch>(*model, optimizer, path, options);
  for (int i = 0; i < steps; ++i) {
    optimizer.zero_grad();
    const torch::Tensor loss = F::cross_entropy(model->forward(x), labels(x.size(0)));
    if (watch) watch->before_backward(loss);
    loss.backward();
    optimizer.step();
    if (watch && tells_steps) watch->after_step();
  }
  std::vector<torch::Tensor> found;
  for (const torch::Tensor& one : model->parameters()) found.push_back(one.detach().clone());
  return found;
}

void expect_same(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(torch::equal(a[i], b[i])) << "parameter " << i;
}

TEST(LibtorchTest, TrainingIsBitIdentical) {
  const torch::Tensor rows = numbers({32, 12}, 3).to(torch::kFloat);
  const torch::Tensor images = numbers({8, 3, 8, 8}, 4).to(torch::kFloat);
  for (const bool is_watched : {false, true}) {
    static std::vector<torch::Tensor> plain_mlp, plain_cnn;
    torch::nn::Sequential model = test::mlp();
    test::fill(*model);
    test::Cnn cnn;
    test::fill(*cnn);
    const auto mlp = train(model, rows, 12, is_watched ? temporary("bits") : "", kEvery);
    const auto of_cnn = train(cnn, images, 6, is_watched ? temporary("bits2") : "", kEvery);
    if (is_watched) {
      expect_same(plain_mlp, mlp);
      expect_same(plain_cnn, of_cnn);
    }
    plain_mlp = mlp;
    plain_cnn = of_cnn;
  }
}

TEST(LibtorchTest, ASequentialHasTheSitesOfItsModules) {
  torch::nn::Sequential model = test::mlp();
  train(model, numbers({32, 12}, 3).to(torch::kFloat), 2, temporary("sites"), kEvery);
  const plumb::Run run = load_run(temporary("sites"));
  EXPECT_THAT(paths(run), ElementsAre("input", "0", "1", "2", "3", "4", "5", "6"));
  EXPECT_EQ(run.info.layers[1].kind, "Linear");
  EXPECT_EQ(run.info.layers[1].text, "Linear(in_features=12, out_features=16, bias=true)");
  EXPECT_EQ(run.info.layers[4].function, "tanh");
  EXPECT_EQ(run.info.loss, "cross_entropy");
  EXPECT_EQ(run.info.optimiser, "adam");
  EXPECT_EQ(run.info.outputs, std::vector<LayerId>{7});
  ASSERT_EQ(run.steps.size(), 2u);
  for (const StepRecord& step : run.steps) {
    EXPECT_EQ(step.sketches.size(), 1u + 7 + 7 + 3 * 8) << step.step;
    EXPECT_EQ(step.activations.size(), 3u);
  }
  EXPECT_EQ(run.end->reason, "finished");
}

TEST(LibtorchTest, ValuesAreThoseThatAutogradHas) {
  test::Cnn model;
  model->to(torch::kDouble);
  test::fill(*model);
  const torch::Tensor x = numbers({16, 3, 8, 8}, 5);
  torch::optim::SGD optimizer(model->parameters(), 0.1);
  std::map<std::string, double> expected;
  {
    Libtorch watch(*model, optimizer, temporary("values"), kEvery);
    for (int i = 0; i < 2; ++i) {
      optimizer.zero_grad();
      // The forward pass of the model, written out with what is to be looked at kept.
      std::vector<std::pair<std::string, torch::Tensor>> kept;
      const auto keep = [&](const std::string& name, torch::Tensor t) {
        t.retain_grad();
        kept.emplace_back(name, t);
        return t;
      };
      torch::Tensor h = keep("relu/a", torch::relu(keep("stem/z", model->stem(x))));
      for (int k = 1; k <= 2; ++k) {
        const std::string name = "block" + std::to_string(k);
        test::Block block = k == 1 ? model->block1 : model->block2;
        const torch::Tensor y = keep(
            name + ".bn2/a", block->bn2(block->conv2(torch::relu(block->bn1(block->conv1(h))))));
        h = torch::relu(keep(name + ".add/a", y + h));
      }
      const torch::Tensor logits = keep("head/z", model->head(h.mean({2, 3})));
      const torch::Tensor loss = F::cross_entropy(logits, labels(16));
      watch.before_backward(loss);
      loss.backward();
      expected.clear();
      for (auto& [name, t] : kept) {
        const std::size_t slash = name.find('/');
        expected[name] = rms(t);
        expected[name.substr(0, slash) + "/grad_" + name.substr(slash + 1)] = rms(t.grad());
      }
      const torch::Tensor before = model->head->weight.detach().clone();
      expected["head.weight/weight"] = rms(before);
      expected["stem.weight/grad_weight"] = rms(model->stem->weight.grad());
      expected["loss"] = loss.item<double>();
      optimizer.step();
      expected["head.weight/update"] = rms(model->head->weight - before);
      watch.after_step();
    }
  }
  const plumb::Run run = load_run(temporary("values"));
  ASSERT_EQ(run.steps.size(), 2u);
  EXPECT_DOUBLE_EQ(run.steps[1].loss, expected["loss"]);
  expected.erase("loss");
  for (const auto& [site, value] : expected) expect_rms(run, 1, site, value);
  EXPECT_EQ(run.steps[1].joins.size(), 2u);  // each residual's two ways
}

TEST(LibtorchTest, AnInPlaceReluLeavesTheValuesBeforeIt) {
  for (const bool in_place : {false, true}) {
    static std::vector<double> plain;
    torch::nn::Sequential model = test::mlp(in_place);
    test::fill(*model);
    train(model, numbers({32, 12}, 3).to(torch::kFloat), 2, temporary("inplace"), kEvery);
    const plumb::Run run = load_run(temporary("inplace"));
    std::vector<double> all;
    for (const SketchRecord& one : run.steps[1].sketches) all.push_back(one.sketch.true_log2_rms());
    for (const ActivationRecord& one : run.steps[1].activations)
      all.push_back(one.log2_rms_derivative);
    if (in_place) {
      EXPECT_EQ(all, plain);
    }
    plain = all;
  }
}

TEST(LibtorchTest, StepsAreFoundWithoutBeingTold) {
  const torch::Tensor x = numbers({32, 12}, 3).to(torch::kFloat);
  for (const std::string schedule : {"every=1", "every=3"}) {
    torch::nn::Sequential told = test::mlp(), untold = test::mlp();
    test::fill(*told);
    test::fill(*untold);
    train(told, x, 7, temporary("told"), {.record = schedule});
    train(untold, x, 7, temporary("untold"), {.record = schedule}, false);
    const plumb::Run a = load_run(temporary("told")), b = load_run(temporary("untold"));
    ASSERT_EQ(a.steps.size(), 7u);
    ASSERT_EQ(b.steps.size(), 7u);
    for (std::size_t i = 0; i < 7; ++i) {
      EXPECT_EQ(a.steps[i].measured, b.steps[i].measured) << i;
      EXPECT_EQ(a.steps[i].loss, b.steps[i].loss) << i;
      ASSERT_EQ(a.steps[i].sketches.size(), b.steps[i].sketches.size()) << i;
      for (const SketchRecord& one : a.steps[i].sketches) {
        const SketchRecord* const other = find(b, i, a.info.name_of(one.site));
        ASSERT_NE(other, nullptr) << a.info.name_of(one.site);
        EXPECT_EQ(one.sketch.histogram, other->sketch.histogram) << a.info.name_of(one.site);
      }
    }
  }
}

TEST(LibtorchTest, SeveralBackwardPassesAreOneStep) {
  for (const bool tells : {false, true}) {
    torch::nn::Sequential model = test::mlp();
    test::fill(*model);
    torch::optim::SGD optimizer(model->parameters(), 0.1);
    double gradient = 0;
    {
      Libtorch watch(*model, optimizer, temporary("passes"), kEvery);
      for (int step = 0; step < 3; ++step) {
        optimizer.zero_grad();
        for (int part = 0; part < 2; ++part) {
          const torch::Tensor x = numbers({16, 12}, part).to(torch::kFloat);
          const torch::Tensor loss = F::cross_entropy(model->forward(x), labels(16)) / 2;
          watch.before_backward(loss);
          loss.backward();
        }
        gradient = rms(model->parameters()[0].grad());
        optimizer.step();
        if (tells) watch.after_step();
      }
    }
    const plumb::Run run = load_run(temporary("passes"));
    ASSERT_EQ(run.steps.size(), 3u) << tells;
    EXPECT_EQ(run.steps[2].passes, 2);
    EXPECT_EQ(find(run, 2, "0/z")->sketch.count, 2u * 16 * 16);
    expect_rms(run, 2, "0.weight/grad_weight", gradient);
  }
}

TEST(LibtorchTest, AGraphThatIsKeptMayBeGoneThroughAgain) {
  torch::nn::Sequential model = test::mlp();
  torch::optim::SGD optimizer(model->parameters(), 0.1);
  const torch::Tensor x = numbers({16, 12}, 1).to(torch::kFloat);
  {
    Libtorch watch(*model, optimizer, temporary("retained"), kEvery);
    for (int step = 0; step < 3; ++step) {
      optimizer.zero_grad();
      const torch::Tensor loss = F::cross_entropy(model->forward(x), labels(16));
      watch.before_backward(loss);
      loss.backward({}, /*retain_graph=*/true);
      watch.before_backward(loss);
      loss.backward();
      optimizer.step();
      watch.after_step();
    }
    EXPECT_EQ(watch.steps(), 3);
  }
  const plumb::Run run = load_run(temporary("retained"));
  EXPECT_EQ(find(run, 2, "0/z")->sketch.count, 16u * 16);
  EXPECT_EQ(find(run, 2, "0/grad_z")->sketch.count, 2u * 16 * 16);
}

struct OddImpl : torch::nn::Module {
  torch::nn::Linear first{8, 8}, shared{8, 8}, unused{8, 8}, head{8, 5};
  OddImpl() {
    register_module("first", first);
    register_module("shared", shared);
    register_module("unused", unused);
    register_module("head", head);
    first->weight.set_requires_grad(false);
  }
  torch::Tensor forward(const torch::Tensor& x) {
    return head(torch::tanh(shared(torch::tanh(shared(torch::tanh(first(x)))))));
  }
};
TORCH_MODULE(Odd);

TEST(LibtorchTest, FrozenSharedAndUnusedParametersAreNamed) {
  Odd model;
  torch::optim::SGD optimizer(model->parameters(), 0.1);
  Libtorch watch(*model, optimizer, temporary("odd"), kEvery);
  for (int step = 0; step < 2; ++step) {
    optimizer.zero_grad();
    const torch::Tensor loss =
        F::cross_entropy(model->forward(numbers({16, 8}, 1).to(torch::kFloat)), labels(16));
    watch.before_backward(loss);
    loss.backward();
    optimizer.step();
    watch.after_step();
  }
  EXPECT_THAT(watch.notes(),
              IsSupersetOf({"first.weight is frozen: requires_grad is false",
                            "shared.weight is shared by shared, shared#2",
                            "unused.weight is used by no layer that the loss depends on"}));
  watch.close();
  const plumb::Run run = load_run(temporary("odd"));
  EXPECT_TRUE(run.info.params[0].frozen);
  EXPECT_EQ(find(run, 1, "first.weight/grad_weight"), nullptr);
  EXPECT_NE(find(run, 1, "shared#2/grad_z"), nullptr);
}

TEST(LibtorchTest, ANaNIsCounted) {
  torch::nn::Sequential model = test::mlp();
  torch::optim::SGD optimizer(model->parameters(), 0.1);
  torch::Tensor x = numbers({16, 12}, 1).to(torch::kFloat);
  x[3][4] = std::numeric_limits<float>::quiet_NaN();
  {
    Libtorch watch(*model, optimizer, temporary("nan"), kEvery);
    for (int step = 0; step < 2; ++step) {
      optimizer.zero_grad();
      const torch::Tensor loss = F::cross_entropy(model->forward(x), labels(16));
      watch.before_backward(loss);
      loss.backward();
      optimizer.step();
      watch.after_step();
    }
    EXPECT_FALSE(watch.diagnosis().findings().empty());
  }
  const plumb::Run run = load_run(temporary("nan"));
  EXPECT_EQ(find(run, 0, "input/a")->sketch.nonfinite_count, 1u);
  EXPECT_EQ(find(run, 0, "0/z")->sketch.nonfinite_count, 16u);
  EXPECT_TRUE(std::isnan(run.steps[0].loss));
}

TEST(LibtorchTest, PassesInEvaluationOrWithoutGradientAreNotRecorded) {
  torch::nn::Sequential model = test::mlp();
  torch::optim::SGD optimizer(model->parameters(), 0.1);
  const torch::Tensor x = numbers({16, 12}, 1).to(torch::kFloat);
  {
    Libtorch watch(*model, optimizer, temporary("eval"), kEvery);
    for (int step = 0; step < 2; ++step) {
      model->eval();
      model->forward(x);
      model->train();
      {
        const torch::NoGradGuard no_grad;
        model->forward(x);
      }
      optimizer.zero_grad();
      const torch::Tensor loss = F::cross_entropy(model->forward(x), labels(16));
      watch.before_backward(loss);
      loss.backward();
      optimizer.step();
      watch.after_step();
    }
  }
  const plumb::Run run = load_run(temporary("eval"));
  EXPECT_EQ(paths(run).size(), 8u);
  EXPECT_EQ(find(run, 1, "0/z")->sketch.count, 16u * 16);
}

TEST(LibtorchTest, AnotherModelOnTheSameThreadIsNoneOfOurs) {
  torch::nn::Sequential model = test::mlp();
  torch::nn::Sequential teacher(torch::nn::Linear(12, 12), torch::nn::Tanh());
  torch::optim::SGD optimizer(model->parameters(), 0.1);
  {
    Libtorch watch(*model, optimizer, temporary("other"), kEvery);
    for (int step = 0; step < 2; ++step) {
      optimizer.zero_grad();
      const torch::Tensor x = teacher->forward(numbers({16, 12}, 1).to(torch::kFloat));
      const torch::Tensor loss = F::cross_entropy(model->forward(x), labels(16));
      watch.before_backward(loss);
      loss.backward();
      optimizer.step();
      watch.after_step();
    }
  }
  EXPECT_THAT(paths(load_run(temporary("other"))),
              ElementsAre("input", "0", "1", "2", "3", "4", "5", "6"));
}

TEST(LibtorchTest, AGraphThatChangesIsFoundOutAgain) {
  torch::nn::Linear a(12, 12), b(12, 5);
  torch::nn::Sequential owner(a, b);
  torch::optim::SGD optimizer(owner->parameters(), 0.1);
  const torch::Tensor x = numbers({16, 12}, 1).to(torch::kFloat);
  {
    Libtorch watch(*owner, optimizer, temporary("changing"), kEvery);
    for (int step = 0; step < 6; ++step) {
      optimizer.zero_grad();
      const torch::Tensor z = a(x);
      const torch::Tensor h = step % 2 == 0 ? torch::relu(z) : torch::tanh(torch::tanh(z));
      const torch::Tensor loss = F::cross_entropy(b(h), labels(16));
      watch.before_backward(loss);
      loss.backward();
      optimizer.step();
      watch.after_step();
    }
  }
  const plumb::Run run = load_run(temporary("changing"));
  ASSERT_EQ(run.steps.size(), 6u);
  EXPECT_NE(find(run, 4, "relu/a"), nullptr);
  EXPECT_NE(find(run, 5, "tanh_2/a"), nullptr);
  EXPECT_EQ(find(run, 5, "relu/a"), nullptr);
}

TEST(LibtorchTest, AnExceptionClosesTheRunWithItsReason) {
  torch::nn::Sequential model = test::mlp();
  try {
    Libtorch watch(*model, temporary("thrown"), kEvery);
    const torch::Tensor x = numbers({16, 12}, 1).to(torch::kFloat);
    const torch::Tensor loss = F::cross_entropy(model->forward(x), labels(16));
    watch.before_backward(loss);
    loss.backward();
    throw std::runtime_error("the user's");
  } catch (const std::runtime_error&) {
  }
  const plumb::Run run = load_run(temporary("thrown"));
  EXPECT_EQ(run.end->reason, "stopped by an exception");
  EXPECT_EQ(run.steps.size(), 1u);
}

struct CountWarnings : c10::WarningHandler {
  std::vector<std::string> texts;
#if TORCH_VERSION_MAJOR >= 2
  void process(const c10::Warning& warning) override { texts.push_back(warning.msg()); }
#else
  void process(const c10::SourceLocation&, const std::string& text, bool) override {
    texts.push_back(text);
  }
#endif
};

TEST(LibtorchTest, AFailureOfOursWarnsOnceAndTheTrainingGoesOn) {
  // An activation whose number of units changes, which no record can hold.
  const auto run = [](bool is_watched) {
    torch::nn::Linear weight(1, 1);
    test::fill(*weight);
    torch::optim::SGD optimizer(weight->parameters(), 0.1);
    std::unique_ptr<Libtorch> watch;
    if (is_watched)
      watch = std::make_unique<Libtorch>(*weight, optimizer, temporary("failing"), kEvery);
    for (int step = 0; step < 6; ++step) {
      optimizer.zero_grad();
      const torch::Tensor x = numbers({16, 4 + step}, 1).to(torch::kFloat);
      const torch::Tensor loss = (torch::relu(x * weight->weight) + weight->bias).square().mean();
      if (watch) watch->before_backward(loss);
      loss.backward();
      optimizer.step();
      if (watch) watch->after_step();
    }
    return weight->weight.item<float>();
  };
  CountWarnings counter;
  float watched = 0;
  {
    const warnings::WarningHandlerGuard guard(&counter);
    watched = run(true);
  }
  EXPECT_EQ(watched, run(false));
  ASSERT_EQ(counter.texts.size(), 1u);
  EXPECT_THAT(counter.texts[0],
              ::testing::HasSubstr("plumb measures no more, the training goes on"));
  EXPECT_TRUE(load_run(temporary("failing")).end.has_value());
}

TEST(LibtorchTest, ALongSequenceModelIsOneRecurrentLayer) {
  struct NetImpl : torch::nn::Module {
    torch::nn::LSTM lstm{torch::nn::LSTMOptions(6, 8).batch_first(true)};
    torch::nn::Linear head{8, 5};
    NetImpl() {
      register_module("lstm", lstm);
      register_module("head", head);
    }
  };
  const auto model = std::make_shared<NetImpl>();
  torch::optim::SGD optimizer(model->parameters(), 0.1);
  {
    Libtorch watch(*model, optimizer, temporary("lstm"), kEvery);
    for (int step = 0; step < 2; ++step) {
      optimizer.zero_grad();
      const auto [y, state] = model->lstm(numbers({16, 7, 6}, 1).to(torch::kFloat));
      const torch::Tensor loss = F::cross_entropy(model->head(y.select(1, 6)), labels(16));
      watch.before_backward(loss);
      loss.backward();
      optimizer.step();
      watch.after_step();
    }
  }
  const plumb::Run run = load_run(temporary("lstm"));
  EXPECT_THAT(paths(run), ElementsAre("input", "lstm", "head"));
  EXPECT_EQ(run.info.layers[1].family, LayerFamily::recurrent);
  EXPECT_EQ(find(run, 1, "lstm/a")->sketch.count, 16u * 7 * 8);
}

}  // namespace
}  // namespace plumb
