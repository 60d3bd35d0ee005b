// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/merge_ranks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <random>

#include "plumb/core/error.h"
#include "plumb/store/rank_graph.h"
#include "plumb/store/rank_step.h"
#include "plumb/store/run_file.h"
#include "tests/store/run_fixture.h"

namespace plumb {
namespace {

using ::testing::_;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kRanks = 3, kSamples = 8, kUnits = 16;
constexpr int kWhole = kRanks * kSamples * kUnits;
const double kPart = -std::log2(3.0);  // each rank has a third of the gradient of the mean loss

Sketch sketch_of(std::span<const float> values, double log2_scale = 0) {
  const std::int64_t sizes[] = {static_cast<std::int64_t>(values.size())}, strides[] = {1};
  return sketch(StridedView(values.data(), ElementType::f32, sizes, strides), log2_scale);
}

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

double log2_rms(std::span<const float> a) {
  return 0.5 * std::log2(dot(a, a) / static_cast<double>(a.size()));
}

/// One batch of an activation (layer 2 of chain_info(2)) whose output two layers read.
struct Batch {
  std::vector<float> a, slope, by_first, by_second, gradient;

  explicit Batch(unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    for (int i = 0; i < kWhole; ++i) {
      const float z = normal(random), scale = i < kWhole / 3 ? 4.0f : 0.5f;  // ranks differ
      const bool is_dead = i % kUnits == 3;
      a.push_back(is_dead ? 0 : std::max(z, 0.0f));
      slope.push_back(a.back() > 0 ? 1.0f : 0.0f);
      by_first.push_back(scale * normal(random));
      by_second.push_back(normal(random));
      gradient.push_back(by_first.back() + by_second.back());
    }
  }

  /// What is recorded of the samples [begin, end) of kRanks * kSamples.
  StepRecord record(int begin, int end, double log2_scale) const {
    const auto part = [&](const std::vector<float>& all) {
      return std::span(all).subspan(static_cast<std::size_t>(begin * kUnits),
                                    static_cast<std::size_t>((end - begin) * kUnits));
    };
    StepRecord step;
    step.measured = true;
    step.loss = begin;
    step.sketches = {{Site::layer(2, Role::a), sketch_of(part(a))},
                     {Site::layer(2, Role::grad_a), sketch_of(part(gradient), log2_scale)},
                     {Site::param(1, Role::weight), sketch_of(a)},
                     {Site::param(1, Role::grad_weight), sketch_of(gradient)}};
    ActivationRecord activation;
    activation.layer = 2;
    activation.units = kUnits;
    activation.dead_units = 1;
    const double n = static_cast<double>(part(slope).size()),
                 active = dot(part(slope), part(slope));
    activation.log2_rms_derivative = log2_rms(part(slope));
    activation.active_fraction = active / n;
    activation.saturated_fraction = 1 - active / n;
    activation.window_samples = static_cast<std::uint64_t>(end - begin);
    step.activations = {activation};
    const auto g = part(gradient);
    JoinRecord join;
    join.layer = 2;
    for (const auto* way : {&by_first, &by_second}) {
      join.ways.push_back({.reader = way == &by_first ? 1 : 2,
                           .input = 0,
                           .log2_rms = log2_rms(part(*way)) + log2_scale,
                           .share = dot(part(*way), g) / dot(g, g)});
    }
    step.joins = {join};
    return step;
  }
};

std::vector<RankStep> steps_of(const std::vector<StepRecord>& records) {
  std::vector<RankStep> steps;
  for (std::size_t i = 0; i < records.size(); ++i) steps.push_back({i, &records[i]});
  return steps;
}

RankGraph graph_of(const std::vector<RunInfo>& infos) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < infos.size(); ++i) names.push_back("run." + std::to_string(i));
  return {infos, names};
}

TEST(MergeRanksTest, PartsOfABatchMergeToWhatTheWholeBatchGives) {
  const Batch batch(7);
  // Parts of different sizes, as a last batch has.
  const std::vector<StepRecord> parts{batch.record(0, 8, kPart), batch.record(8, 12, kPart),
                                      batch.record(12, 24, kPart)};
  const StepRecord whole = batch.record(0, 24, kPart);
  const StepRecord merged =
      merge_rank_steps(graph_of({chain_info(2), chain_info(2), chain_info(2)}), steps_of(parts));

  ASSERT_EQ(merged.sketches.size(), whole.sketches.size());
  for (const SketchRecord& one : whole.sketches) {
    const Sketch* const found = merged.find(one.site);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->count, one.sketch.count);
    EXPECT_EQ(found->zero_count, one.sketch.zero_count);
    EXPECT_EQ(found->abs_max, one.sketch.abs_max);
    EXPECT_TRUE(
        std::equal(found->histogram.begin(), found->histogram.end(), one.sketch.histogram.begin()));
    EXPECT_NEAR(found->rms() / one.sketch.rms(), 1, 1e-7);
    EXPECT_NEAR(found->true_log2_rms(), one.sketch.true_log2_rms(), 1e-6);
  }
  const ActivationRecord &a = merged.activations.at(0), &b = whole.activations.at(0);
  EXPECT_NEAR(a.log2_rms_derivative, b.log2_rms_derivative, 1e-12);
  EXPECT_NEAR(a.active_fraction, b.active_fraction, 1e-12);
  EXPECT_NEAR(a.saturated_fraction, b.saturated_fraction, 1e-12);
  EXPECT_EQ(a.window_samples, 24U);
  EXPECT_EQ(a.dead_units, 1);
  ASSERT_EQ(merged.joins.size(), 1U);
  for (std::size_t w = 0; w < 2; ++w) {
    EXPECT_NEAR(merged.joins[0].ways[w].log2_rms, whole.joins[0].ways[w].log2_rms, 1e-6);
    EXPECT_NEAR(merged.joins[0].ways[w].share, whole.joins[0].ways[w].share, 1e-6);
  }
  EXPECT_DOUBLE_EQ(merged.loss, (0 + 8 + 12) / 3.0);
}

TEST(MergeRanksTest, SharesOfAJoinAreOfItsOwnWaysWhereBlocksShareATensor) {
  const Batch batch(3);
  std::vector<StepRecord> parts{batch.record(0, 8, 0), batch.record(8, 24, 0)};
  StepRecord whole = batch.record(0, 24, 0);
  for (StepRecord* one : {&parts[0], &parts[1], &whole}) {
    one->joins[0].through = 1;
    one->joins[0].log2_rms = one->find(Site::layer(2, Role::grad_a))->true_log2_rms();
  }
  const StepRecord merged =
      merge_rank_steps(graph_of({chain_info(2), chain_info(2)}), steps_of(parts));
  EXPECT_NEAR(merged.joins[0].log2_rms, whole.joins[0].log2_rms, 1e-6);
  EXPECT_NEAR(merged.joins[0].ways[0].share, whole.joins[0].ways[0].share, 1e-6);
}

TEST(MergeRanksTest, SeriesAndInnerValuesAreAveragedByPlaceSizesInSquares) {
  StepRecord few, many;
  for (StepRecord* one : {&few, &many}) {
    one->measured = true;
    const std::vector<float> values(one == &few ? 30 : 40, 1.0f);
    one->sketches = {{Site::layer(1, Role::a), sketch_of(values)}};
    const std::int64_t steps = one == &few ? 3 : 2;  // of 10 and of 20 values each
    TimeRecord time;
    time.layer = 1;
    time.time_steps = steps;
    time.units = 1;
    const auto n = static_cast<std::size_t>(steps);
    time.series = {
        {TimeQuantity::h, TimeStatistic::log2_rms, std::vector<float>(n, one == &few ? 2 : 0)},
        {TimeQuantity::h, TimeStatistic::mean, std::vector<float>(n, one == &few ? 3 : 0)}};
    one->times = {time};
    one->inner = {{1, 0, "a_log2_rms", Axis::unit, {one == &few ? 1.0f : -1.0f}}};
    one->blocks = {{0, one == &few ? 1 : 2, 5}};
    one->signals = {{1, one == &few ? 2 : 3, one == &few ? 0.5 : 0.25, 4}};
  }
  RunInfo info = chain_info(1);
  info.blocks = {{"expert", "Expert", kNoBlock}};
  const StepRecord merged = merge_rank_steps(graph_of({info, info}), steps_of({few, many}));
  const TimeRecord& time = merged.times.at(0);
  EXPECT_EQ(time.time_steps, 3);
  const double both = 0.5 * std::log2((10 * 16 + 20 * 1) / 30.0);
  EXPECT_NEAR(time.series[0].values[0], both, 1e-3);
  EXPECT_EQ(time.series[0].values[2], 2);  // a sequence that only one rank has
  EXPECT_NEAR(time.series[1].values[1], 1, 1e-4);
  EXPECT_NEAR(merged.inner.at(0).values[0], 0.5 * std::log2((30 * 4 + 40 * 0.25) / 70), 1e-6);
  EXPECT_EQ(merged.blocks.at(0), (BlockUse{0, 2, 10}));
  EXPECT_EQ(merged.signals.at(0).samples, 5);
  EXPECT_DOUBLE_EQ(merged.signals[0].similarity, (2 * 0.5 + 6 * 0.25) / 8);
}

TEST(MergeRanksTest, LayersAreMatchedByPathWhateverTheirIds) {
  RunInfo other = chain_info(2);
  std::swap(other.layers[1], other.layers[2]);
  std::swap(other.params[0], other.params[1]);
  other.layers[1].inputs = {{.from = 2}};
  other.layers[2].inputs = {{.from = 0}};
  other.params[0].users = {1};
  other.params[1].users = {2};
  LayerInfo expert;
  expert.path = "expert";
  expert.inputs = {{.from = 1}};
  other.layers.push_back(expert);
  const std::vector<RunInfo> infos{chain_info(2), other};
  const RankGraph graph = graph_of(infos);
  EXPECT_EQ(graph.layer(1, 1), 2);
  EXPECT_EQ(graph.layer(1, 2), 1);
  EXPECT_EQ(graph.layer(1, kNoLayer), kNoLayer);
  EXPECT_EQ(graph.param(1, 0), 1);
  ASSERT_EQ(graph.info().layers.size(), 4U);
  EXPECT_EQ(graph.info().layers[3].path, "expert");
  EXPECT_EQ(graph.info().layers[3].inputs[0].from, 2);
  EXPECT_EQ(graph.info().params[0].users, (std::vector<LayerId>{1}));

  std::vector<StepRecord> steps(2);
  const std::vector<float> values(4, 1.0f);
  for (StepRecord& step : steps) step.measured = true;
  steps[0].sketches = {{Site::layer(1, Role::z), sketch_of(values)}};
  steps[1].sketches = {{Site::layer(2, Role::z), sketch_of(values)},
                       {Site::layer(3, Role::z), sketch_of(values)}};
  const StepRecord merged = merge_rank_steps(graph, steps_of(steps));
  EXPECT_EQ(merged.find(Site::layer(1, Role::z))->count, 8U);
  EXPECT_EQ(merged.find(Site::layer(3, Role::z))->count, 4U);
  EXPECT_EQ(merged.find(Site::layer(2, Role::z)), nullptr);
}

TEST(MergeRanksTest, ShardsOfAParameterBecomeOneAndCopiesStayOne) {
  std::vector<RunInfo> infos(2, chain_info(2));
  std::vector<StepRecord> steps(2);
  const std::vector<float> parts[] = {{3, 3}, {4, 4, 0}};
  for (std::int32_t rank = 0; rank < 2; ++rank) {
    ParamInfo& param = infos[static_cast<std::size_t>(rank)].params[1];
    param.count = 5;
    param.shard = rank;
    param.shards = 2;
    StepRecord& step = steps[static_cast<std::size_t>(rank)];
    step.measured = true;
    step.grad_norm = rank == 0 ? 3 : 4;
    step.sketches = {{Site::param(0, Role::weight), sketch_of(parts[0])},
                     {Site::param(1, Role::weight), sketch_of(parts[rank])}};
  }
  const RankGraph graph = graph_of(infos);
  EXPECT_EQ(graph.info().params[1].shards, 1);
  const StepRecord merged = merge_rank_steps(graph, steps_of(steps));
  EXPECT_EQ(merged.find(Site::param(0, Role::weight))->count, 2U);
  EXPECT_EQ(merged.find(Site::param(1, Role::weight))->count, 5U);
  EXPECT_NEAR(merged.find(Site::param(1, Role::weight))->rms(), std::sqrt(50 / 5.0), 1e-9);
  EXPECT_DOUBLE_EQ(merged.grad_norm, 5);
  EXPECT_EQ(find_drift(graph, steps_of(steps)), std::nullopt);  // shards may differ
}

TEST(MergeRanksTest, WeightsThatAreNotTheSameOnAllRanksAreFound) {
  std::vector<StepRecord> steps(2);
  std::vector<float> values{1, 2, 3};
  for (StepRecord& step : steps) {
    step.measured = true;
    step.sketches = {{Site::param(1, Role::weight), sketch_of(values)}};
    values[0] += 0.01f;
  }
  EXPECT_EQ(find_drift(graph_of({chain_info(2), chain_info(2)}), steps_of(steps)), 1);
}

TEST(MergeRanksTest, ZerosInfinitiesAndSizesBeyondADoubleAreKept) {
  std::vector<StepRecord> steps(2);
  const double kInf = std::numeric_limits<double>::infinity();
  for (const auto& [a, b, expected] : {std::tuple{-kInf, -kInf, -kInf},
                                       {-kInf, 3.0, 2.5},
                                       {-5000.0, -5000.0, -5000.0},
                                       {kInf, 1.0, kInf}}) {
    for (std::size_t i = 0; i < 2; ++i) {
      steps[i].measured = true;
      steps[i].activations.resize(1);
      steps[i].activations[0].layer = 1;
      steps[i].activations[0].log2_rms_derivative = i == 0 ? a : b;
    }
    const StepRecord merged =
        merge_rank_steps(graph_of({chain_info(1), chain_info(1)}), steps_of(steps));
    EXPECT_EQ(merged.activations[0].log2_rms_derivative, expected) << a << " " << b;
  }
}

TEST(MergeRanksTest, FilesOfRanksBecomeOneFile) {
  const ScratchFolder folder;
  plumb::Run first = plain_run(6, 14), second = plain_run(6, 14);
  first.end = RunEnd{"finished", 6, 1};
  second.end = RunEnd{"stopped by KeyError", 5, 2};
  second.steps.pop_back();
  second.steps[2] = second.steps[2].metrics();
  const std::vector<std::string> paths{folder / "a.0", folder / "a.1"};
  write_run(paths[0], first);
  write_run(paths[1], second);
  RunWriter writer(folder / "a");
  const RankMerge merged = merge_ranks(paths, writer);
  writer.close();
  EXPECT_EQ(merged.steps, 6);
  EXPECT_EQ(merged.measured, 6);
  EXPECT_THAT(merged.notes, ElementsAre(HasSubstr("1 steps are of some ranks"),
                                        HasSubstr("1 steps were measured by some ranks")));
  const plumb::Run whole = load_run(folder / "a");
  ASSERT_EQ(whole.steps.size(), 6U);
  EXPECT_EQ(whole.steps[0].find(Site::layer(1, Role::z))->count, 2 * 4096U);
  EXPECT_EQ(whole.steps[2].find(Site::layer(1, Role::z))->count, 4096U);
  EXPECT_EQ(whole.steps[0].find(Site::param(0, Role::weight))->count, 4096U);
  ASSERT_TRUE(whole.end.has_value());
  EXPECT_EQ(whole.end->reason, "stopped by KeyError");
  EXPECT_EQ(whole.end->time_s, 2);
  EXPECT_THAT(whole.info.settings, Contains(std::pair<std::string, std::string>("ranks", "2")));
}

TEST(MergeRanksTest, ARankThatWasCutOffLeavesTheWholeWithoutAnEnd) {
  const ScratchFolder folder;
  plumb::Run run = plain_run(2, 7);
  write_run(folder / "a.1", run);
  run.end = RunEnd{"finished", 2, 1};
  write_run(folder / "a.0", run);
  const std::vector<std::string> paths{folder / "a.0", folder / "a.1"};
  RunWriter writer(folder / "a");
  EXPECT_THAT(merge_ranks(paths, writer).notes, ElementsAre(HasSubstr("a.1 was cut off")));
  writer.close();
  EXPECT_FALSE(load_run(folder / "a").end.has_value());
}

plumb::Run with(const std::function<void(plumb::Run&)>& change) {
  plumb::Run run = plain_run(4, 7);
  OptimiserInfo optimiser;
  optimiser.kind = "sgd";
  optimiser.momentum = 0.9;
  optimiser.learning_rate = 0.1;
  run.info.optimiser_info = optimiser;
  run.info.batch = 32;
  for (StepRecord& step : run.steps) step.learning_rate = 0.1;
  run.info.settings = {{"record", "log"}};
  change(run);
  return run;
}

TEST(MergeRanksTest, RunsOfAnotherTrainingAreRefusedByTheSettingAndReplaceNothing) {
  const struct {
    std::function<void(plumb::Run&)> change;
    const char* told;
  } cases[] = {
      {[](plumb::Run& run) { run.info.network = "dense 11"; }, "b: the network is dense 11, in "},
      {[](plumb::Run& run) { run.info.kind = "probe"; }, "the kind of run is probe"},
      {[](plumb::Run& run) { run.info.loss = "mse"; }, "the loss is mse"},
      {[](plumb::Run& run) { run.info.precision = "double"; }, "the precision is double"},
      {[](plumb::Run& run) { run.info.optimiser = "adam"; }, "the optimiser is adam"},
      {[](plumb::Run& run) { run.info.optimiser_info.reset(); }, "the optimiser is not known"},
      {[](plumb::Run& run) { run.info.optimiser_info->learning_rate = 0.2; },
       "the learning rate is 0.2, in "},
      {[](plumb::Run& run) { run.info.optimiser_info->momentum = 0; }, "the momentum is 0, in "},
      {[](plumb::Run& run) { run.info.optimiser_info->weight_decay = 1e-4; },
       "the weight decay is 0.0001"},
      {[](plumb::Run& run) { run.info.optimiser_info->schedule = "cosine"; },
       "the schedule of the learning rate is cosine, in "},
      {[](plumb::Run& run) { run.info.optimiser_info->clip_norm = 1; },
       "the bound of the gradient's norm is 1"}};
  const ScratchFolder folder;
  const std::vector<std::string> paths{folder / "a", folder / "b"};
  const std::string to = folder / "whole";
  write_run(paths[0], with([](plumb::Run&) {}));
  write_run(to, with([](plumb::Run& run) { run.info.network = "an older one"; }));
  const std::string before = read_file(to);
  for (const auto& [change, told] : cases) {
    write_run(paths[1], with(change));
    const std::string error = store_error([&] { merge_rank_files(paths, to); });
    EXPECT_THAT(error, HasSubstr(told));
    EXPECT_THAT(error, HasSubstr("expected runs of the ranks of one training"));
    EXPECT_EQ(read_file(to), before) << told;
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 3);
  write_run(paths[1], with([](plumb::Run& run) { run.info.seed = 99, run.info.threads = 7; }));
  EXPECT_THAT(merge_rank_files(paths, to).notes, ElementsAre(HasSubstr("was cut off"), _));
  EXPECT_EQ(load_run(to).info.network, load_run(paths[0]).info.network);
}

TEST(MergeRanksTest, WhatMayDifferBetweenRanksIsSaid) {
  const ScratchFolder folder;
  const std::vector<std::string> paths{folder / "a", folder / "b"};
  const auto finish = [](plumb::Run& run) { run.end = RunEnd{"finished", 4, 1}; };
  write_run(paths[0], with(finish));
  write_run(paths[1], with([&](plumb::Run& run) {
              finish(run);
              run.info.batch = 16;
              run.info.settings = {{"record", "every=2"}, {"mine", "1"}};
              run.steps[2].learning_rate = run.steps[3].learning_rate = 0.025;
            }));
  EXPECT_THAT(merge_rank_files(paths, folder / "whole").notes,
              ElementsAre(HasSubstr("b: its batches have 16 samples, those of"),
                          HasSubstr("b: record is every=2, in"),
                          HasSubstr("from step 2 on the ranks have different learning rates")));
}

TEST(MergeRanksTest, AFileStandsForOneRankAlone) {
  const ScratchFolder folder;
  const std::vector<std::string> paths{folder / "a", folder / "b"};
  write_run(paths[0], with([](plumb::Run&) {}));
  std::filesystem::create_symlink(paths[0], paths[1]);
  EXPECT_THAT(store_error([&] { merge_rank_files(paths, folder / "c"); }),
              HasSubstr("the run of rank 0 is that of rank 1 too"));
  std::filesystem::remove(paths[1]);
  write_run(paths[1], with([](plumb::Run&) {}));
  EXPECT_THAT(store_error([&] { merge_rank_files(paths, paths[1]); }),
              HasSubstr("is the run of rank 1, expected another file"));
}

TEST(MergeRanksTest, GraphsOfOtherNetworksAreRefusedByName) {
  const std::vector<std::string> names{"a", "b"};
  const auto refused = [&](auto change) {
    std::vector<RunInfo> infos(2, chain_info(2));
    change(infos[1]);
    return store_error([&] { RankGraph(infos, names); });
  };
  EXPECT_EQ(refused([](RunInfo&) {}), "");
  EXPECT_THAT(refused([](RunInfo& info) { info.layers[1].family = LayerFamily::dropout; }),
              HasSubstr("the family of layer 0 is dropout"));
  EXPECT_THAT(refused([](RunInfo& info) { info.params[1].count = 7; }),
              HasSubstr("the number of values of parameter 1.weight is 7"));
}

}  // namespace
}  // namespace plumb
