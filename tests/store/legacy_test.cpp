// SPDX-License-Identifier: Apache-2.0
// Files that earlier releases wrote, in golden/; schema_1_chain.plumb is schema_2_chain.plumb
// without the tables that version 2 brought.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cmath>
#include <filesystem>
#include <random>

#include "plumb/core/error.h"
#include "plumb/store/legacy_graph.h"
#include "plumb/store/legacy_words.h"
#include "plumb/store/run_file.h"
#include "tests/store/run_fixture.h"

namespace plumb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr const char* kFiles[] = {"schema_1_chain",   "schema_2_chain",     "schema_2_residual",
                                  "schema_2_highway", "schema_2_recurrent", "schema_2_findings"};

std::string golden(const std::string& name) {
  return std::string(PLUMB_TEST_DIR) + "/store/golden/" + name + ".plumb";
}

/// One number of an old file, asked of SQLite itself.
double ask(const std::string& name, const std::string& sql) {
  sqlite3* handle = nullptr;
  sqlite3_open_v2(golden(name).c_str(), &handle, SQLITE_OPEN_READONLY, nullptr);
  sqlite3_stmt* statement = nullptr;
  EXPECT_EQ(sqlite3_prepare_v2(handle, sql.c_str(), -1, &statement, nullptr), SQLITE_OK) << sql;
  EXPECT_EQ(sqlite3_step(statement), SQLITE_ROW) << sql;
  const double value = sqlite3_column_double(statement, 0);
  sqlite3_finalize(statement);
  sqlite3_close(handle);
  return value;
}

LayerId id_of(const plumb::Run& run, const std::string& path) {
  for (std::size_t i = 0; i < run.info.layers.size(); ++i) {
    if (run.info.layers[i].path == path) return static_cast<LayerId>(i);
  }
  ADD_FAILURE() << "no layer " << path;
  return 0;
}

const LayerInfo& layer_at(const plumb::Run& run, const std::string& path) {
  return run.info.layer(id_of(run, path));
}

TEST(LegacyTest, EveryOldFileIsReadAndComesBackTheSameFromANewOne) {
  const ScratchFolder folder;
  for (const char* name : kFiles) {
    const plumb::Run run = load_run(golden(name));
    EXPECT_FALSE(run.is_diagnosed()) << name << ": its findings are sentences";
    EXPECT_TRUE(run.end) << name;
    EXPECT_EQ(run.steps.size(), ask(name, "SELECT count(*) FROM step")) << name;
    std::size_t sketches = 0;
    for (const StepRecord& step : run.steps) sketches += step.sketches.size();
    EXPECT_EQ(sketches, ask(name, "SELECT count(*) FROM sketch")) << name;
    EXPECT_EQ(run.info.layers.size(), 1 + ask(name, "SELECT count(*) FROM layer")) << name;
    EXPECT_EQ(run.info.params.size(), ask(name, "SELECT count(*) FROM site WHERE role = 'weight'"))
        << name;
    write_run(folder / "new.plumb", run);
    EXPECT_EQ(describe(load_run(folder / "new.plumb")), describe(run)) << name;
  }
}

TEST(LegacyTest, Version1IsVersion2WithoutSequencesAndGates) {
  EXPECT_EQ(describe(load_run(golden("schema_1_chain"))),
            describe(load_run(golden("schema_2_chain"))));
}

TEST(LegacyTest, SketchesAreThoseOfTheFile) {
  const char* name = "schema_2_chain";
  const plumb::Run run = load_run(golden(name));
  const Sketch* sketch =
      run.steps[1].find(Site::param(run.info.find_param(1, ParamUse::weight), Role::update));
  ASSERT_NE(sketch, nullptr);
  const std::string where =
      " FROM sketch JOIN site ON site.id = site WHERE step = 1 AND path = '0' AND role = 'update' "
      "AND param = 'weight'";
  EXPECT_EQ(sketch->mean, ask(name, "SELECT mean" + where));
  EXPECT_EQ(sketch->m2, ask(name, "SELECT m2" + where));
  EXPECT_EQ(static_cast<double>(sketch->count), ask(name, "SELECT count" + where));
  EXPECT_EQ(sketch->histogram.total(), sketch->count - sketch->zero_count);
  EXPECT_EQ(sketch->histogram.touched().begin,
            static_cast<std::size_t>(ask(name,
                                         "SELECT CASE substr(hex(histogram), 1, 1) "
                                         "WHEN '7' THEN 112 WHEN '6' THEN 96 END"
                                         " + instr('0123456789ABCDEF', "
                                         "substr(hex(histogram), 2, 1)) - 1" +
                                             where)));
}

TEST(LegacyTest, AChainIsAGraph) {
  const plumb::Run run = load_run(golden("schema_2_chain"));
  const auto& layers = run.info.layers;
  EXPECT_EQ(layers[0].family, LayerFamily::input);
  EXPECT_EQ(layers[0].units, 2);
  for (std::size_t i = 1; i < layers.size(); ++i) {
    ASSERT_EQ(layers[i].inputs.size(), 1U);
    EXPECT_EQ(layers[i].inputs[0], (Edge{.from = static_cast<LayerId>(i) - 1}));
    EXPECT_EQ(layers[i].block, kNoBlock);
  }
  EXPECT_THAT(run.info.outputs, ElementsAre(5));
  EXPECT_EQ(run.info.params[0].path, "0.weight");
  EXPECT_EQ(run.info.params[0].count, 10);
  EXPECT_EQ(run.info.params[1].use, ParamUse::bias);
  EXPECT_THAT(run.info.params[1].users, ElementsAre(1));
  ASSERT_TRUE(layers[2].traits);
  EXPECT_EQ(layers[2].function, "leaky_relu 0.2");
  EXPECT_EQ(layers[2].traits->low_slope, 0.2);
  EXPECT_NEAR(*layers[2].traits->critical_gain, std::sqrt(2 / 1.04), 1e-12);  // He 2015, eq. 15
  EXPECT_FALSE(layers[1].traits);
  EXPECT_EQ(run.steps[0].activations[0].layer, 2);
  EXPECT_EQ(run.steps[0].symmetries[0].param, 0);
}

TEST(LegacyTest, ABlockHasItsWaysAndItsJoinStandsAtWhatItReads) {
  const plumb::Run run = load_run(golden("schema_2_residual"));
  const LayerId sum = id_of(run, "3"), x = id_of(run, "2"), proj = id_of(run, "3.proj");
  EXPECT_THAT(run.info.layer(sum).inputs,
              ElementsAre(Edge{id_of(run, "3.2"), 0, Way::branch, false},
                          Edge{proj, 0, Way::shortcut, true}));
  EXPECT_EQ(layer_at(run, "3.0").inputs[0].from, x);
  EXPECT_EQ(layer_at(run, "3.proj").inputs[0].from, x);
  EXPECT_EQ(layer_at(run, "4").inputs[0].from, sum);
  const BlockId block = layer_at(run, "3.1").block;
  EXPECT_EQ(run.info.blocks[static_cast<std::size_t>(block)], (BlockInfo{"3", "res", kNoBlock}));
  EXPECT_EQ(layer_at(run, "3.proj").block, block);
  EXPECT_EQ(layer_at(run, "3").block, kNoBlock);
  EXPECT_EQ(layer_at(run, "5.1").family, LayerFamily::normalisation);
  EXPECT_EQ(run.info.param(run.info.find_param(id_of(run, "5"), ParamUse::scale)).name, "alpha");
  EXPECT_NE(run.info.find_param(id_of(run, "5.1"), ParamUse::shift), kNoParam);

  const JoinRecord* join = run.steps[2].join(x);
  ASSERT_NE(join, nullptr);
  ASSERT_EQ(join->ways.size(), 2U);
  EXPECT_EQ(join->ways[0].reader, id_of(run, "3.0"));
  EXPECT_EQ(join->ways[1].reader, proj);
  EXPECT_EQ(join->ways[1].input, 0);
  EXPECT_NEAR(join->ways[0].share + join->ways[1].share, 1, 1e-12);
  // The two parts, at their angle, give the gradient that was measured at x.
  for (const char* path : {"0", "1", "2"}) {
    const LayerId at = id_of(run, path);
    const JoinRecord* here = run.steps[2].join(at);
    const Role role =
        run.info.layer(at).family == LayerFamily::linear ? Role::grad_z : Role::grad_a;
    const Sketch* sum_of_ways = run.steps[2].find(Site::layer(at, role));
    ASSERT_TRUE(here != nullptr && sum_of_ways != nullptr) << path;
    // <g_b, g> + <g_s, g> = <g, g>, and |g_b|^2 = share_b^2 |g|^2 + what stands across g; that part
    // is the same on both ways.
    const double g = sum_of_ways->true_log2_rms();
    const auto across = [&](const JoinWay& way) {
      return std::exp2(2 * (way.log2_rms - g)) - way.share * way.share;
    };
    EXPECT_NEAR(across(here->ways[0]), across(here->ways[1]), 1e-5) << path;
  }
  const JoinRecord* identity = run.steps[2].join(id_of(run, "0"));
  EXPECT_EQ(identity->ways[1].reader, id_of(run, "1"));
  EXPECT_EQ(identity->ways[1].input, 1);
  const JoinRecord* start = run.steps[0].join(id_of(run, "4"));  // rezero: the branch gets nothing
  ASSERT_NE(start, nullptr);
  EXPECT_EQ(start->ways[0].share, 0);
  EXPECT_EQ(start->ways[1].share, 1);
}

TEST(LegacyTest, AHighwayHasAGate) {
  const char* name = "schema_2_highway";
  const plumb::Run run = load_run(golden(name));
  const LayerId sum = id_of(run, "2"), gate = id_of(run, "2.gate");
  EXPECT_EQ(run.info.layer(sum).inputs[2], (Edge{gate, 0, Way::gate, false}));
  EXPECT_EQ(run.info.layer(sum).inputs[1], (Edge{id_of(run, "1"), 0, Way::shortcut, true}));
  EXPECT_EQ(layer_at(run, "2.gate").inputs[0].from, id_of(run, "1"));
  const InnerRecord* carried = run.steps[1].inner_of(sum, kCarriedMean);
  ASSERT_NE(carried, nullptr);
  EXPECT_FLOAT_EQ(carried->values[0],
                  static_cast<float>(ask(name,
                                         "SELECT carry_mean FROM join_gate JOIN join_record j ON "
                                         "j.step = join_gate.step AND j.idx = joined "
                                         "WHERE j.step = 1 AND path = '2'")));
  const JoinRecord* join = run.steps[1].join(id_of(run, "1"));
  ASSERT_NE(join, nullptr);
  ASSERT_EQ(join->ways.size(), 3U);
  EXPECT_EQ(join->ways[1].reader, sum);
  EXPECT_EQ(join->ways[2].reader, gate);
  EXPECT_NEAR(join->ways[0].share + join->ways[1].share + join->ways[2].share, 1, 1e-12);
}

TEST(LegacyTest, ARecurrentLayerHasCellFactsAndParameters) {
  const plumb::Run run = load_run(golden("schema_2_recurrent"));
  const auto& layers = run.info.layers;
  ASSERT_TRUE(layers[1].cell && layers[2].cell && layers[3].cell);
  EXPECT_EQ(layers[1].cell->memory_steps, 20);
  EXPECT_EQ(layers[1].cell->state_activation, "");
  EXPECT_TRUE(layers[2].cell->orthogonal_start);
  EXPECT_EQ(layers[2].cell->gain, 1.1);
  EXPECT_EQ(*layers[3].cell, (CellFacts{"relu", 5, false, true, {}, {}, 0}));
  const ParamId reverse = run.info.find_param(1, ParamUse::recurrent_weight, true);
  ASSERT_NE(reverse, kNoParam);
  EXPECT_EQ(run.info.param(reverse).path, "0.weight_hh_l0_reverse");
  EXPECT_EQ(run.info.param(reverse).count, 4 * 3 * 3);
  const TimeRecord* time = run.steps[1].time(1, true);
  ASSERT_NE(time, nullptr);
  EXPECT_EQ(time->time_steps, 9);
  EXPECT_NE(time->find(TimeQuantity::forget_gate, TimeStatistic::mean), nullptr);
}

/// Takes from a file of today what version 4 brought.
void make_version_3(const std::string& path) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(handle,
                         "DROP TABLE data; DROP TABLE data_column; DROP TABLE class_size; "
                         "DROP TABLE baseline; DROP TABLE optimiser; DROP TABLE running; "
                         "ALTER TABLE step DROP COLUMN inference_loss; "
                         "ALTER TABLE step DROP COLUMN inference_accuracy; "
                         "ALTER TABLE measurement DROP COLUMN signal_layout; "
                         "ALTER TABLE measurement DROP COLUMN signals; "
                         "PRAGMA user_version = 3",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(handle);
}

TEST(LegacyTest, Version3IsVersion4WithoutDataAndSignals) {
  const ScratchFolder folder;
  const std::string path = folder / "old.plumb";
  plumb::Run run = rich_run();
  write_run(path, run);
  make_version_3(path);
  run.info.data_info.reset();
  run.info.baseline.reset();
  run.info.optimiser_info.reset();
  for (LayerInfo& layer : run.info.layers) layer.running_momentum.reset();
  for (StepRecord& step : run.steps) {
    step.inference_loss.reset();
    step.inference_accuracy.reset();
    step.signals.clear();
  }
  EXPECT_EQ(describe(load_run(path)), describe(run));
  run.findings->pop_back();
  save_findings(path, *run.findings);
  EXPECT_EQ(describe(load_run(path)), describe(run));
}

TEST(LegacyTest, Version4IsVersion5WithoutTheOrderOfTheSamples) {
  const ScratchFolder folder;
  const std::string path = folder / "old.plumb";
  plumb::Run run = rich_run();
  ASSERT_TRUE(run.info.data_info && run.info.data_info->between_batches);
  write_run(path, run);
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  EXPECT_EQ(
      sqlite3_exec(handle, "ALTER TABLE data DROP COLUMN between_batches; PRAGMA user_version = 4",
                   nullptr, nullptr, nullptr),
      SQLITE_OK);
  sqlite3_close(handle);
  run.info.data_info->between_batches.reset();
  EXPECT_EQ(describe(load_run(path)), describe(run));
}

TEST(LegacyTest, AFileOfVersion3IsReadAndComesBackTheSameFromANewOne) {
  const ScratchFolder folder;
  const char* name = "schema_3_residual";
  plumb::Run run = load_run(golden(name));
  EXPECT_EQ(run.steps.size(), ask(name, "SELECT count(*) FROM step"));
  EXPECT_EQ(run.steps[1].loss, ask(name, "SELECT loss FROM step WHERE step = 1"));
  EXPECT_EQ(run.steps[1].joins.size(), 1U);
  EXPECT_FALSE(run.info.data_info || run.info.baseline || run.info.optimiser_info);
  write_run(folder / "new.plumb", run);
  EXPECT_EQ(describe(load_run(folder / "new.plumb")), describe(run));
}

TEST(LegacyTest, FindingsCannotBeSavedInAnOldFile) {
  const ScratchFolder folder;
  const std::string path = folder / "old.plumb";
  fs::copy_file(golden("schema_2_findings"), path);
  EXPECT_THAT(store_error([&] { save_findings(path, {}); }),
              HasSubstr("was written with schema version 2, whose findings are sentences"));
}

TEST(LegacyTest, OldFilesAreReadInParts) {
  const std::string path = golden("schema_2_chain");
  const plumb::Run run = load_run(path);
  RunReader reader(path, LoadOptions::without_histograms());
  StepRecord step;
  ASSERT_TRUE(reader.next(step));
  EXPECT_EQ(step.sketches.size(), run.steps[0].sketches.size());
  EXPECT_EQ(step.sketches[3].sketch.histogram.total(), 0U);
  EXPECT_EQ(step.sketches[3].sketch.mean, run.steps[0].sketches[3].sketch.mean);
  ASSERT_TRUE(reader.read(2, step));
  EXPECT_EQ(describe(step), describe(run.steps[2]));
  EXPECT_FALSE(reader.read(3, step));
  EXPECT_THAT(reader.measured_steps(), ElementsAre(0, 1, 2));
  const auto rest = load_steps_after(path, 1);
  ASSERT_EQ(rest.size(), 1U);
  EXPECT_EQ(describe(rest[0]), describe(run.steps[2]));
  for (const StepRecord& one : load_run(path, LoadOptions::metrics()).steps) {
    EXPECT_FALSE(one.measured);
    EXPECT_TRUE(one.sketches.empty());
  }
}

/// A block whose branch begins with a block: both read the same x.
TEST(LegacyGraphTest, AnInnerBlockAtTheBeginningReadsTheSameX) {
  using store::LegacyLayer;
  const auto linear = [](const char* path, const char* parent) {
    return LegacyLayer{.path = path,
                       .kind = "dense",
                       .family = LayerFamily::linear,
                       .text = "dense 4",
                       .parent = parent};
  };
  const auto sum = [](const char* path, const char* parent) {
    return LegacyLayer{.path = path,
                       .kind = "res",
                       .family = LayerFamily::residual,
                       .text = "res[...]",
                       .parent = parent};
  };
  const std::vector<LegacyLayer> layers{linear("0", ""), linear("1.0.0", "1.0"), sum("1.0", "1"),
                                        linear("1.1", "1"), sum("1", "")};
  RunInfo info;
  const store::LegacyGraph graph(layers, {}, info);
  EXPECT_THAT(info.layers[2].inputs, ElementsAre(Edge{.from = 1}));
  EXPECT_THAT(info.layers[3].inputs,
              ElementsAre(Edge{2, 0, Way::branch, false}, Edge{1, 0, Way::shortcut, true}));
  EXPECT_THAT(info.layers[4].inputs, ElementsAre(Edge{.from = 3}));
  EXPECT_THAT(info.layers[5].inputs,
              ElementsAre(Edge{4, 0, Way::branch, false}, Edge{1, 0, Way::shortcut, true}));
  EXPECT_EQ(info.blocks[1].parent, 0);
  const auto joins = graph.joins({{"1.0", -1, -2, 0.5, {}}, {"1", 0, 0, 0, {}}}, {});
  ASSERT_EQ(joins.size(), 3U);
  EXPECT_EQ(joins[0].layer, 1);
  EXPECT_EQ(joins[0].through, kNoLayer);
  ASSERT_EQ(joins[0].ways.size(), 3U);
  EXPECT_EQ(joins[0].ways[0].reader, 2);
  EXPECT_EQ(joins[0].ways[1].reader, 3);
  EXPECT_TRUE(std::isnan(joins[0].ways[0].share)) << "the angle to the outer shortcut is not told";
  EXPECT_EQ(joins[0].ways[2].reader, 5);
  EXPECT_NEAR(joins[0].ways[2].share, 0.5, 1e-12);  // of two that are equal and at right angles
  EXPECT_EQ(joins[1].through, 5);
  EXPECT_NEAR(joins[1].log2_rms, 0.5, 1e-12);
  EXPECT_EQ(joins[1].ways[0].reader, 3) << "the front of the branch is the inner block";
  EXPECT_NEAR(joins[1].ways[0].share, 0.5, 1e-12);
  EXPECT_EQ(joins[2].through, 3);
  EXPECT_EQ(joins[2].log2_rms, 0) << "what the outer block has of its branch";
  EXPECT_EQ(joins[2].ways[0].reader, 2);
  EXPECT_EQ(joins[2].ways[0].log2_rms, -1);
  // b = 1/2, s = 1/4, cos = 1/2: b^2 + b s cos = 5/16, of 7/16.
  EXPECT_NEAR(joins[2].ways[0].share, 5.0 / 7, 1e-12);
  EXPECT_NEAR(joins[2].ways[1].share, 2.0 / 7, 1e-12);
}

// What no file of ours says, and a damaged one may.
TEST(LegacyGraphTest, BlocksWithinThemselvesEnd) {
  using store::LegacyLayer;
  const auto sum = [](const char* path, const char* parent) {
    return LegacyLayer{
        .path = path, .kind = "res", .family = LayerFamily::residual, .text = "", .parent = parent};
  };
  RunInfo info;
  const store::LegacyGraph graph({sum("5", "5"), sum("5", ""), sum("1.1", "1"), sum("1", "1.1")},
                                 {}, info);
  EXPECT_EQ(info.layers.size(), 5U);
}

TEST(LegacyWordsTest, AKindThatIsNotKnownHasNoTraits) {
  LayerInfo layer;
  layer.family = LayerFamily::activation;
  layer.kind = layer.text = "frobnicate";
  store::describe_from_words(1, layer);
  EXPECT_FALSE(layer.traits);
  layer.kind = layer.text = "softplus";
  store::describe_from_words(1, layer);
  ASSERT_TRUE(layer.traits);
  EXPECT_FALSE(layer.traits->critical_gain);
  EXPECT_EQ(layer.traits->max_derivative, 1);
}

// A flip in the path of a layer or in a name: it loads, or is a StoreError of one line.
TEST(LegacyTest, ADamagedOldFileIsAStoreErrorOrLoads) {
  const ScratchFolder folder;
  const std::string path = folder / "old.plumb";
  int loaded = 0, refused = 0;
  for (const char* name : kFiles) {
    const std::string good = read_file(golden(name));
    for (unsigned seed = 0; seed < 300; ++seed) {
      std::mt19937 random(seed);
      std::string bytes = good;
      for (int flips = 1 + static_cast<int>(seed % 3); flips > 0; --flips) {
        std::size_t place = random() % bytes.size();
        for (int tries = 0; tries < 20 && bytes[place] == 0; ++tries) {
          place = random() % bytes.size();
        }
        bytes[place] ^= static_cast<char>(1 << (random() % 8));
      }
      write_file(path, bytes);
      const std::string message = store_error([&] { load_run(path); });
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
      ++(message.empty() ? loaded : refused);
    }
  }
  EXPECT_GT(loaded, 100);
  EXPECT_GT(refused, 100);
}

}  // namespace
}  // namespace plumb
