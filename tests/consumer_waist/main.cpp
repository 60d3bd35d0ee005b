// SPDX-License-Identifier: Apache-2.0
// Feeds the waist a made-up run with the names of a PyTorch module tree, through the headers of an
// installed plumb: a transformer encoder whose tensors have prescribed magnitudes, so that its
// books are known in closed form. Prints a line for each thing that is not as prescribed.
//
// Signs are Walsh functions of the element's index: those of different masks are orthogonal, so
// that gradients that meet add up in squares. Per block, in log2, from its output back to its
// input: each norm -2, each sum +1 (three equal parts beside one shortcut make four), so -2 in all.
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "plumb/waist.h"

namespace {

using plumb::Axis;
using plumb::BlockId;
using plumb::Cause;
using plumb::Edge;
using plumb::kNoBlock;
using plumb::LayerFamily;
using plumb::LayerId;
using plumb::ObservedView;
using plumb::ParamId;
using plumb::ParamUse;
using plumb::Role;
using plumb::Way;

constexpr int kBlocks = 6, kSteps = 4;
constexpr std::int64_t kBatch = 2, kPlaces = 3, kUnits = 8, kHeads = 2;
constexpr std::size_t kCount = kBatch * kPlaces * kUnits;
/// What comes twice, once with a factor of sqrt(7), has a mean square of 4: one more bit.
const double kSecondLog2 = std::log2(7.0) / 2;
const double kThirdsLog2 = std::log2(3.0) / 2;

int failures = 0;

void expect(bool fine, const std::string& what) {
  if (fine) return;
  ++failures;
  std::printf("not as prescribed: %s\n", what.c_str());
}

void expect_near(double given, double expected, const std::string& what) {
  expect(std::abs(given - expected) < 1e-4,
         what + ": " + std::to_string(given) + ", expected " + std::to_string(expected));
}

struct Expert {
  BlockId block = kNoBlock;
  LayerId up = -1, gelu = -1, down = -1;
};

struct EncoderLayer {
  LayerId x = -1, q = -1, k = -1, v = -1, attention = -1, out = -1, add1 = -1, norm1 = -1;
  std::array<Expert, 2> experts;
  LayerId mixture = -1, add2 = -1, norm2 = -1;
  double log2_grad = 0;  ///< prescribed, of the output, in the first pass
};

class Encoder {
 public:
  Encoder() {
    run_.info().loss = "cross_entropy";
    tokens = run_.add_input("input_ids", 1);
    positions = run_.add_input("position_ids", 1);
    word = add("embeddings.word_embeddings", "Embedding", LayerFamily::embedding, {{tokens}});
    position =
        add("embeddings.position_embeddings", "Embedding", LayerFamily::embedding, {{positions}});
    add_param("embeddings.word_embeddings.weight", ParamUse::weight, {word});
    frozen = add_param("embeddings.position_embeddings.weight", ParamUse::weight, {position}, true);
    embedding_sum = add("embeddings.add", "add", LayerFamily::join,
                        {{word, 0, Way::unnamed, true}, {position}});
    embedding_norm = add_norm("embeddings.LayerNorm", embedding_sum);
    LayerId x = embedding_norm;
    for (int i = 0; i < kBlocks; ++i) x = add_encoder_layer(i, x);
    pooler = add_linear("pooler.dense", x);
    head = add_linear("classifier", pooler);
    unused = add_param("cls.predictions.bias", ParamUse::bias, {});
  }

  const plumb::RunInfo& info() const { return run_.info(); }

  std::vector<EncoderLayer> blocks;
  std::vector<LayerId> norms;
  LayerId tokens, positions, word, position, embedding_sum, embedding_norm, pooler, head;
  ParamId frozen, unused;

 private:
  LayerId add(const std::string& path, const std::string& kind, LayerFamily family,
              std::vector<Edge> inputs, BlockId block = kNoBlock) {
    plumb::LayerInfo layer;
    layer.path = path;
    layer.kind = kind;
    layer.family = family;
    layer.inputs = std::move(inputs);
    layer.block = block;
    layer.units = kUnits;
    return run_.add_layer(layer);
  }

  ParamId add_param(const std::string& path, ParamUse use, std::vector<LayerId> users,
                    bool is_frozen = false) {
    plumb::ParamInfo param;
    param.path = path;
    param.name = path.substr(path.rfind('.') + 1);
    param.use = use;
    param.users = std::move(users);
    param.count = kUnits * kUnits;
    param.frozen = is_frozen;
    return run_.add_param(param);
  }

  LayerId add_linear(const std::string& path, LayerId x, BlockId block = kNoBlock) {
    const LayerId id = add(path, "Linear", LayerFamily::linear, {{x}}, block);
    run_.add_weight(id, path + ".weight", {.outputs = kUnits, .inputs = kUnits});
    add_param(path + ".bias", ParamUse::bias, {id});
    return id;
  }

  LayerId add_norm(const std::string& path, LayerId x, BlockId block = kNoBlock) {
    const LayerId id = add(path, "LayerNorm", LayerFamily::normalisation, {{x}}, block);
    add_param(path + ".weight", ParamUse::scale, {id});
    add_param(path + ".bias", ParamUse::shift, {id});
    norms.push_back(id);
    return id;
  }

  LayerId add_sum(const std::string& path, LayerId branch, LayerId shortcut, BlockId block) {
    return add(path, "add", LayerFamily::residual,
               {{branch, 0, Way::branch}, {shortcut, 0, Way::shortcut, true}}, block);
  }

  LayerId add_encoder_layer(int index, LayerId x) {
    const std::string path = "encoder.layer." + std::to_string(index);
    const BlockId block = run_.add_block(path, "TransformerEncoderLayer");
    EncoderLayer one;
    one.x = x;
    one.log2_grad = -2 - 2 * (kBlocks - 1 - index);
    one.q = add_linear(path + ".attention.query", x, block);
    one.k = add_linear(path + ".attention.key", x, block);
    one.v = add_linear(path + ".attention.value", x, block);
    one.attention = add(path + ".attention", "scaled_dot_product_attention", LayerFamily::attention,
                        {{one.q}, {one.k}, {one.v, 0, Way::unnamed, true}}, block);
    one.out = add_linear(path + ".attention.out_proj", one.attention, block);
    one.add1 = add_sum(path + ".add_1", one.out, x, block);
    one.norm1 = add_norm(path + ".norm1", one.add1, block);
    for (int e = 0; e < 2; ++e) {
      Expert& expert = one.experts[static_cast<std::size_t>(e)];
      const std::string name = path + ".moe.experts." + std::to_string(e);
      expert.block = run_.add_block(name, "Expert", block);
      expert.up = add_linear(name + ".up", one.norm1, expert.block);
      expert.gelu =
          add(name + ".act", "GELU", LayerFamily::activation, {{expert.up}}, expert.block);
      plumb::ActivationTraits& traits = run_.layer(expert.gelu).traits.emplace();
      traits.max_derivative = 1.129;
      traits.usual_log2_derivative = -0.5;
      expert.down = add_linear(name + ".down", expert.gelu, expert.block);
    }
    one.mixture = add(path + ".moe", "combine", LayerFamily::join,
                      {{one.experts[0].down}, {one.experts[1].down}}, block);
    one.add2 = add_sum(path + ".add_2", one.mixture, one.norm1, block);
    one.norm2 = add_norm(path + ".norm2", one.add2, block);
    blocks.push_back(one);
    return one.norm2;
  }

  plumb::RunBuilder run_;
};

float sign(std::size_t i, unsigned mask) {
  return std::popcount(static_cast<unsigned>(i) & mask) % 2 == 0 ? 1.0F : -1.0F;
}

std::vector<float> wave(double log2_rms, unsigned mask = 1, std::size_t count = kCount) {
  std::vector<float> values(count);
  const auto size = static_cast<float>(std::exp2(log2_rms));
  for (std::size_t i = 0; i < count; ++i) values[i] = size * sign(i, mask);
  return values;
}

constexpr std::int64_t kSizes[] = {kBatch, kPlaces, kUnits};
constexpr Axis kAxes[] = {Axis::sample, Axis::place, Axis::unit};

/// What a recorder is told of one pass.
class Pass {
 public:
  Pass(const Encoder& net, plumb::Recorder& recorder, double log2_scale)
      : net_(net), recorder_(recorder), log2_scale_(log2_scale) {}

  void forward() {
    for (const LayerId id : {net_.tokens, net_.positions, net_.word, net_.position}) output(id);
    output(net_.embedding_sum);
    for (const LayerId id : net_.norms) output(id);
    for (const EncoderLayer& one : net_.blocks) {
      int part = 0;
      for (const LayerId id : {one.q, one.k, one.v}) {
        with_fused(0, 1, part++, [&](const ObservedView& view) { recorder_.output(id, view); });
      }
      with_heads(0, [&](const ObservedView& view) { recorder_.output(one.attention, view); });
      const Expert& called = one.experts[0];
      for (const LayerId id :
           {one.out, one.add1, called.up, called.gelu, called.down, one.mixture, one.add2}) {
        output(id);
      }
      const std::vector<float> slope = wave(-1);
      recorder_.derivative(called.gelu, plain(slope, 0));
      recorder_.block_use(called.block, kBatch * kPlaces);
      recorder_.block_use(one.experts[1].block, 0, 0);
    }
    output(net_.pooler);  // of the first sentence, and of the second
    output(net_.pooler);
    output(net_.head);
  }

  void backward() {
    gradient(net_.head, 0);
    gradient(net_.pooler, -2 + kSecondLog2);  // the last call comes back first
    gradient(net_.pooler, -2);
    for (auto one = net_.blocks.rbegin(); one != net_.blocks.rend(); ++one) backward(*one);
    const double g = net_.blocks.front().log2_grad - 2;
    gradient(net_.embedding_norm, g);
    gradient(net_.embedding_sum, g - 2);
    gradient(net_.word, g - 2);
    gradient(net_.tokens, g - 5);
  }

 private:
  ObservedView plain(const std::vector<float>& values, double log2_scale) const {
    constexpr std::int64_t kRows[] = {kPlaces * kUnits, kUnits, 1};
    return {{values.data(), plumb::ElementType::f32, kSizes, kRows}, kAxes, log2_scale};
  }

  void output(LayerId id) {
    const std::vector<float> values = wave(0);
    recorder_.output(id, plain(values, 0));
  }

  void gradient(LayerId id, double log2_rms) {
    const std::vector<float> values = wave(log2_rms);
    recorder_.gradient(id, plain(values, log2_scale_));
  }

  /// float16 under a loss scale, far below what the type holds by itself.
  void half_gradient(LayerId id, double log2_rms) {
    std::vector<std::uint16_t> values(kCount);
    for (std::size_t i = 0; i < kCount; ++i) values[i] = sign(i, 1) > 0 ? 0x3C00 : 0xBC00;
    constexpr std::int64_t kRows[] = {kPlaces * kUnits, kUnits, 1};
    recorder_.gradient(
        id,
        {{values.data(), plumb::ElementType::f16, kSizes, kRows}, kAxes, log2_rms + log2_scale_});
  }

  /// Queries, keys and values lie side by side in one tensor, of which each is a third. What is not
  /// asked for is no number.
  template <class Tell>
  void with_fused(double log2_rms, unsigned mask, int part, Tell tell) {
    std::vector<float> values(3 * kCount, std::numeric_limits<float>::quiet_NaN());
    const std::vector<float> own = wave(log2_rms, mask);
    for (std::size_t i = 0; i < kCount; ++i) {
      values[i / kUnits * 3 * kUnits + static_cast<std::size_t>(part) * kUnits + i % kUnits] =
          own[i];
    }
    constexpr std::int64_t kSteps3[] = {3 * kPlaces * kUnits, 3 * kUnits, 1};
    tell(ObservedView({values.data() + part * kUnits, plumb::ElementType::f32, kSizes, kSteps3},
                      kAxes, log2_scale_));
  }

  /// Two heads, the second larger: the mean square is four times the first's.
  template <class Tell>
  void with_heads(double log2_rms_of_first, Tell tell) {
    constexpr std::int64_t kPerHead = kUnits / kHeads;
    std::vector<float> values = wave(log2_rms_of_first);
    for (std::size_t i = 0; i < kCount; ++i) {
      if (i % kUnits >= kPerHead) values[i] *= std::sqrt(7.0F);
    }
    constexpr std::int64_t kSplit[] = {kBatch, kHeads, kPlaces, kPerHead};
    constexpr std::int64_t kSplitSteps[] = {kPlaces * kUnits, kPerHead, kUnits, 1};
    tell(ObservedView({values.data(), plumb::ElementType::f32, kSplit, kSplitSteps},
                      {Axis::sample, Axis::head, Axis::place, Axis::unit}, log2_scale_));
  }

  void backward(const EncoderLayer& one) {
    const double g = one.log2_grad;
    const Expert& called = one.experts[0];
    gradient(one.norm2, g);
    half_gradient(one.add2, g - 2);
    gradient(one.mixture, g - 2);
    gradient(called.down, g - 2);
    gradient(called.gelu, g - 3);
    gradient(called.up, g - 4);
    const std::vector<float> shortcut = wave(g - 2, 1), expert = wave(g - 2 + kThirdsLog2, 2);
    const plumb::JoinGradient two[] = {{called.up, 0, plain(expert, log2_scale_)},
                                       {one.add2, 1, plain(shortcut, log2_scale_)}};
    recorder_.join(one.norm1, two);
    gradient(one.norm1, g - 1);
    half_gradient(one.add1, g - 3);
    gradient(one.out, g - 3);
    with_heads(g - 5, [&](const ObservedView& view) { recorder_.gradient(one.attention, view); });
    const std::vector<float> around = wave(g - 3, 1);
    recorder_.join_way(one.x, {one.add1, 1, plain(around, log2_scale_)});
    int part = 0;
    for (const LayerId id : {one.q, one.k, one.v}) {
      with_fused(g - 5, 1, part, [&](const ObservedView& view) { recorder_.gradient(id, view); });
      with_fused(g - 3, part + 2U, part, [&](const ObservedView& view) {
        recorder_.join_way(one.x, {id, 0, view});
      });
      ++part;
    }
  }

  const Encoder& net_;
  plumb::Recorder& recorder_;
  double log2_scale_;
};

/// Weights of a gain of 1/2, whose updates are a thousandth of them.
void tell_parameters(const Encoder& net, plumb::Recorder& recorder) {
  const auto count = static_cast<ParamId>(net.info().params.size());
  for (ParamId id = 0; id < count; ++id) {
    const plumb::ParamInfo& param = net.info().param(id);
    const auto tell = [&](Role role, double log2_rms) {
      const std::vector<float> values = wave(log2_rms, 3, kUnits * kUnits);
      constexpr std::int64_t kSquare[] = {kUnits, kUnits}, kTurned[] = {1, kUnits};
      recorder.parameter(id, role,
                         ObservedView({values.data(), plumb::ElementType::f32, kSquare, kTurned}));
    };
    const double size = param.use == ParamUse::weight ? -2.5 : 0;
    tell(Role::weight, size);
    bool is_idle = param.frozen || param.users.empty();
    for (const EncoderLayer& one : net.blocks) {
      for (const LayerId user : param.users) {
        is_idle = is_idle || net.info().layer(user).block == one.experts[1].block;
      }
    }
    if (is_idle) continue;
    tell(Role::grad_weight, size - 2);
    tell(Role::update, size - 10);
  }
}

const plumb::InnerRecord* find_inner(const plumb::StepRecord& step, LayerId layer, Axis axis) {
  for (const plumb::InnerRecord& record : step.inner) {
    const bool is_gradient = record.name.starts_with("grad_");
    if (record.layer == layer && record.axis == axis && is_gradient) return &record;
  }
  return nullptr;
}

void check_inner(const plumb::StepRecord& step, LayerId layer, Axis axis, double first,
                 const std::string& what) {
  const plumb::InnerRecord* const record = find_inner(step, layer, axis);
  expect(record != nullptr && record->values.size() == 2, what + " has two values");
  if (record == nullptr || record->values.size() != 2) return;
  expect_near(record->values[0], first, what + ", the first");
  expect_near(record->values[1], first + kSecondLog2, what + ", the second");
}

void check_graph_of(const Encoder& net) {
  const plumb::LayerGraph graph(net.info());
  const EncoderLayer& one = net.blocks[0];
  expect(net.info().layer(net.head).depth == 4 * kBlocks + 2, "the depth of the classifier");
  expect(net.info().layer(one.add1).depth == 2, "the depth of the first sum");
  expect(graph.ways(one.attention).size() == 3, "an attention has three ways");
  expect(graph.below(one.attention) == one.x, "they meet at what the layer reads");
  expect(graph.way(one.add1, Way::shortcut)->main, "the shortcut is the main way");
  expect(graph.is_on_chain(one.experts[0].up), "the first expert is on the chain");
  expect(graph.beside(one.experts[1].up) == "beside", "the second expert stands beside it");
  expect(graph.beside(one.k) == "beside", "and so do the keys");
  expect(graph.main_chain().size() == 4 * kBlocks + 5U, "the length of the main chain");
}

void check_part(const plumb::LedgerEntry& entry, std::size_t index, Cause cause, double log2,
                const std::string& what) {
  expect(entry.parts.size() > index && entry.parts[index].cause == cause,
         what + " is booked under " + std::string(to_string(cause)));
  if (entry.parts.size() > index) expect_near(entry.parts[index].log2, log2, what);
}

void check_attention(const Encoder& net, const EncoderLayer& one, const plumb::LedgerEntry& sum) {
  const std::string who = net.info().layer(one.attention).path;
  const plumb::LedgerWay* const branch = sum.way(Way::branch);
  expect(branch != nullptr && branch->entries.size() == 2, who + ": two entries on the branch");
  if (branch == nullptr || branch->entries.size() != 2) return;
  expect_near(branch->share, 0.75, who + ": share of the branch");
  check_part(branch->entries[0], 0, Cause::weight_scale, -1, who + ".out_proj");
  const plumb::LedgerEntry& products = branch->entries[1];
  expect(products.layer == one.attention && products.parts.size() == 1, who + " is one entry");
  check_part(products, 0, Cause::attention, 1 + kThirdsLog2, who);
  expect(products.ways.size() == 3, who + " has three ways");
  for (const plumb::LedgerWay& way : products.ways) {
    expect_near(way.share, 0.25, who + ": share of a way");
    expect_near(way.entries.at(0).attenuation, 2, who + ": books of a way");
  }
}

void check_ledger(const Encoder& net, const plumb::StepRecord& step) {
  const plumb::Ledger ledger = plumb::make_ledger(net.info(), step);
  expect(ledger.ends_at == plumb::kNoLayer, "the books reach the tokens");
  expect(ledger.entries.size() == 4 * kBlocks + 5U, "one entry for each layer of the chain");
  if (ledger.entries.size() != 4 * kBlocks + 5U) return;
  expect_near(ledger.log2_loss_gradient, 1, "the gradient of the loss, of two passes");
  expect_near(ledger.total, -7 - 2 * kBlocks, "the total");
  expect_near(ledger.total_of(Cause::normalisation), -4 * kBlocks - 2, "all norms");
  expect_near(ledger.total_of(Cause::residual_shortcut), 0, "all shortcuts");
  expect_near(ledger.total_of(Cause::residual_branch), 2 * kBlocks, "all branches");
  expect_near(ledger.total_of(Cause::weight_scale), -2, "the pooler and the classifier");
  expect_near(ledger.total_of(Cause::weight_alignment), 0, "their alignment");
  std::size_t at = 2;
  for (auto one = net.blocks.rbegin(); one != net.blocks.rend(); ++one, at += 4) {
    const std::string who = net.info().layer(one->norm2).path;
    check_part(ledger.entries[at], 0, Cause::normalisation, -2, who);
    const plumb::LedgerEntry& second = ledger.entries[at + 1];
    check_part(second, 0, Cause::residual_shortcut, 0, who + ": second shortcut");
    check_part(second, 1, Cause::residual_branch, 1, who + ": mixture");
    const plumb::LedgerWay* const mixture = second.way(Way::branch);
    expect(mixture != nullptr && mixture->entries.size() == 1, who + ": one entry of the mixture");
    if (mixture != nullptr) expect_near(mixture->share, 0.75, who + ": share of the mixture");
    check_attention(net, *one, ledger.entries[at + 3]);
  }
  check_part(ledger.entries[at + 1], 0, Cause::join, 0, "the sum of the embeddings");
  check_part(ledger.entries[at + 2], 0, Cause::embedding, -3, "the word embedding");
}

bool accuses(const plumb::Finding& finding, const Encoder& net) {
  const plumb::Place& place = finding.place;
  const bool is_param = place.of == plumb::Place::Of::parameter;
  bool found = is_param && (place.id == net.frozen || place.id == net.unused);
  if (!place.is_layer() && !is_param) return found;
  const LayerId layer = place.is_layer() ? place.id
                        : net.info().param(place.id).users.empty()
                            ? plumb::kNoLayer
                            : net.info().param(place.id).users[0];
  for (const EncoderLayer& one : net.blocks) {
    const Expert& left_out = one.experts[1];
    found = found || layer == left_out.up || layer == left_out.gelu || layer == left_out.down;
  }
  return found || layer == net.position;
}

void check_findings(const Encoder& net, const std::vector<plumb::Finding>& findings) {
  const plumb::Finding* vanishing = nullptr;
  for (const plumb::Finding& finding : findings) {
    if (finding.rule == "vanishing_gradient") vanishing = &finding;
    expect(!accuses(finding, net), finding.rule + " accuses what took no part");
  }
  expect(vanishing != nullptr, "vanishing_gradient is found");
  if (vanishing == nullptr) return;
  expect(vanishing->place == plumb::Place::layer(net.blocks[0].add1), "it begins at the first sum");
  expect(vanishing->severity == plumb::Severity::critical, "it is critical");
  const plumb::Fact* const flow = vanishing->find(plumb::Quantity::flow_log2);
  expect(flow != nullptr, "its flow is told");
  // From the classifier down to the first sum: all but a sum and what is below it.
  const double total = -2 - 2 * kBlocks - 1;
  if (flow != nullptr) expect_near(flow->value, total, "its flow");
  expect(vanishing->cause.kind == plumb::CauseKind::normalisation, "the norms are the cause");
  expect_near(vanishing->cause.share, (-4 * kBlocks - 2) / total, "their share");
}

bool holds(const std::string& text, const std::string& word) {
  return text.find(word) != std::string::npos;
}

void check_file(const plumb::Run& run, const std::string& path) {
  plumb::save_findings(path, *run.findings);
  const plumb::Run loaded = plumb::load_run(path);
  expect(loaded.info.layers == run.info.layers, "the layers of the file");
  expect(loaded.info.params == run.info.params, "the parameters of the file");
  expect(loaded.info.blocks == run.info.blocks, "the blocks of the file");
  expect(loaded.findings == run.findings, "the findings of the file");
  expect(plumb::export_json(loaded) == plumb::export_json(run), "all of the file");
  expect(plumb::diagnose(loaded) == run.findings, "the diagnosis of the file");
}

void check_reports(const plumb::Run& run) {
  const std::string json = plumb::report_json(run);
  for (const char* name : {"encoder.layer.3.attention.query", "encoder.layer.5.norm2", "classifier",
                           "vanishing_gradient"}) {
    expect(holds(json, name), std::string("the report holds ") + name);
  }
  try {
    plumb::write_html(run, "encoder.html");
    std::ifstream file("encoder.html");
    const std::string page{std::istreambuf_iterator<char>(file), {}};
    expect(holds(page, "encoder.layer.3.attention"), "the page holds the names");
  } catch (const plumb::StoreError& error) {
    expect(holds(error.what(), "PLUMB_PAGE"), std::string("no page: ") + error.what());
  }
}

}  // namespace

int main() {
  const Encoder net;
  plumb::RunWriter writer("encoder.plumb");
  plumb::Monitor monitor(net.info(), {.record = "every=1", .sink = &writer});
  for (int i = 0; i < kSteps; ++i) {
    plumb::Monitor::Step step = monitor.step(i);
    plumb::Recorder& recorder = *step.recorder();
    for (int pass = 0; pass < 2; ++pass) {
      if (pass > 0) recorder.next_pass();
      Pass one(net, recorder, pass * kSecondLog2);
      one.forward();
      one.backward();
    }
    tell_parameters(net, recorder);
    step.loss(2.3 - 0.1 * i);
    step.learning_rate(1e-3);
  }
  monitor.end();
  writer.close();

  const plumb::Run& run = monitor.run();
  for (const std::string& missing : plumb::check_run(run)) expect(false, missing);
  const plumb::StepRecord& step = run.steps.back();
  expect(step.passes == 2, "two passes made the step");
  check_inner(step, net.blocks[2].attention, Axis::head, net.blocks[2].log2_grad - 4, "heads");
  check_inner(step, net.pooler, Axis::call, -1, "calls");
  check_inner(step, net.blocks[2].norm1, Axis::pass, net.blocks[2].log2_grad - 1, "passes");
  check_graph_of(net);
  check_ledger(net, step);
  check_findings(net, *run.findings);
  check_file(run, "encoder.plumb");
  check_reports(run);
  std::printf("%d of the consumer's checks failed\n", failures);
  return failures == 0 ? 0 : 1;
}
