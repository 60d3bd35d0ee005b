// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/run_training.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <set>

#include "plumb/core/error.h"
#include "plumb/observe/check_run.h"
#include "tests/support/allocation_count.h"
#include "tests/train/sites.h"

namespace plumb {
namespace {

/// Two well-separated classes in the plane, and noise.
Split blobs(std::int64_t samples = 256) {
  const Rng rng(1, "test/blobs");
  Split split;
  for (Dataset* part : {&split.train, &split.validation}) {
    part->name = "blobs";
    part->classes = 2;
    part->x = Tensor(Shape{samples, 2}, DType::f32);
    const auto x = part->x.as<float>();
    for (std::int64_t i = 0; i < samples; ++i) {
      const auto row = static_cast<std::size_t>(i);
      const std::uint64_t draw = 4 * row + (part == &split.validation ? 2 : 0);
      const std::int32_t label = i % 2 == 0 ? 0 : 1;
      x[2 * row] = static_cast<float>(rng.normal(draw) + (label == 0 ? -2 : 2));
      x[2 * row + 1] = static_cast<float>(rng.normal(draw + 1));
      part->labels.push_back(label);
    }
  }
  return split;
}

TrainConfig small_config() {
  TrainConfig config;
  config.network = "dense 8 > tanh > res[dense 8 > relu] > dense 2";
  config.batch = 16;
  config.epochs = 3;
  config.seed = 5;
  return config;
}

/// All parameters as bytes.
std::vector<char> bits(Trainer& trainer) {
  std::vector<char> bytes;
  for (const Param* param : trainer.network().params()) {
    const ConstView view = param->value.view();
    const char* begin = static_cast<const char*>(view.data);
    bytes.insert(bytes.end(), begin, begin + view.shape.size() * size_bytes(view.dtype));
  }
  return bytes;
}

std::vector<char> bits_after_training(const TrainConfig& config, const Split& data) {
  Trainer trainer(config, data);
  run_training(trainer, nullptr, {});
  return bits(trainer);
}

TEST(TrainerTest, LearnsToSeparateTwoBlobs) {
  const Split data = blobs();
  Trainer trainer(small_config(), data);
  const double before = trainer.evaluate(data.validation).loss;
  run_training(trainer, nullptr, {});
  const Evaluation after = trainer.evaluate(data.validation);
  EXPECT_LT(after.loss, before / 3);
  EXPECT_GT(after.accuracy, 0.95);
}

TEST(TrainerTest, TwoClassesMayBeOneOutput) {
  const Split data = blobs();
  TrainConfig config = small_config();
  config.network = "dense 8 > tanh > dense 1";
  for (const char* loss : {"binary_cross_entropy", "mse"}) {
    config.loss = loss;
    Trainer trainer(config, data);
    run_training(trainer, nullptr, {});
    EXPECT_GT(trainer.evaluate(data.validation).accuracy, 0.95) << loss;
  }
  config.loss = "cross_entropy";
  EXPECT_THROW(Trainer(config, data), ShapeError);
}

TEST(TrainerTest, SameSeedSameBits) {
  const Split data = blobs();
  EXPECT_EQ(bits_after_training(small_config(), data), bits_after_training(small_config(), data));
}

TEST(TrainerTest, AnotherSeedOtherBits) {
  const Split data = blobs();
  TrainConfig other = small_config();
  other.seed = 6;
  EXPECT_NE(bits_after_training(small_config(), data), bits_after_training(other, data));
}

TEST(TrainerTest, MeasuringChangesNoBit) {
  const Split data = blobs();
  for (const char* optimiser : {"sgd", "rmsprop", "adam", "adamw"}) {
    for (const char* precision : {"float", "double"}) {
      TrainConfig measured = small_config();
      measured.optimiser.name = optimiser;
      measured.optimiser.weight_decay = 0.01;
      measured.learning_rate = 0.01;
      measured.precision = precision;
      measured.record = "every=1";
      TrainConfig unmeasured = measured;
      unmeasured.record = "off";
      EXPECT_EQ(bits_after_training(measured, data), bits_after_training(unmeasured, data))
          << optimiser << " " << precision;
    }
  }
}

TEST(TrainerTest, ThreadsChangeNoInitialBit) {
  const Split data = blobs();
  TrainConfig config = small_config();
  Trainer one(config, data);
  config.threads = 3;
  Trainer three(config, data);
  EXPECT_EQ(bits(one), bits(three));
}

TEST(TrainerTest, SameThreadCountSameBits) {
  const Split data = blobs();
  TrainConfig config = small_config();
  config.network = "dense 96 > tanh > dense 96 > tanh > dense 2";
  config.batch = 128;
  config.threads = 2;
  EXPECT_EQ(bits_after_training(config, data), bits_after_training(config, data));
}

TEST(TrainerTest, AStepAllocatesNothingAfterTheFirst) {
  const Split data = blobs();
  for (const char* optimiser : {"sgd", "adam"}) {
    TrainConfig config = small_config();
    config.optimiser.name = optimiser;
    config.record = "off";
    Trainer trainer(config, data);
    trainer.step();
    const std::int64_t before = testing::allocation_count();
    for (int i = 0; i < 10; ++i) trainer.step();
    EXPECT_EQ(testing::allocation_count(), before) << optimiser;
  }
}

TEST(TrainerTest, AMeasuredStepAllocatesNothingAfterTheFirstOnes) {
  const Split data = blobs();
  TrainConfig config = small_config();
  config.record = "every=1";
  Trainer trainer(config, data);
  for (int i = 0; i < 5; ++i) trainer.step();
  const std::int64_t before = testing::allocation_count();
  for (int i = 0; i < 10; ++i) trainer.step();
  EXPECT_EQ(testing::allocation_count(), before);
}

TEST(TrainerTest, TheGradientNormIsThatOfTheClipping) {
  const Split data = blobs();
  TrainConfig config = small_config();
  Trainer plain(config, data);
  config.clip_norm = 1e30;  // never reached: the norm is taken of the gradients themselves
  Trainer clipped(config, data);
  const double norm = clipped.step().grad_norm;
  EXPECT_GT(norm, 0);
  EXPECT_NEAR(plain.step().grad_norm, norm, 1e-6 * norm);
}

TEST(TrainerTest, ALargeParameterIsSketchedWhole) {
  const Split data = blobs();
  TrainConfig config = small_config();
  config.network = "dense 300 > tanh > dense 300 > tanh > dense 2";
  for (const int threads : {1, 2}) {
    for (const double weight_decay : {0.0, 0.1}) {
      config.threads = threads;
      config.optimiser.weight_decay = weight_decay;
      Trainer trainer(config, data);
      const Sketch before = sketch(trainer.network().params()[2]->value.view());
      const StepRecord& record = trainer.step();
      for (const Role role : {Role::weight, Role::grad_weight, Role::update}) {
        const Sketch* found = testing::find(trainer.info(), record, "2", role);
        ASSERT_NE(found, nullptr);
        EXPECT_EQ(found->count, 90000u);
      }
      EXPECT_EQ(testing::find(trainer.info(), record, "2", Role::weight)->histogram,
                before.histogram);
      EXPECT_NEAR(testing::find(trainer.info(), record, "2", Role::weight)->rms(), before.rms(),
                  1e-6 * before.rms());
      if (weight_decay > 0) continue;
      const double rms = testing::find(trainer.info(), record, "2", Role::update)->rms();
      const double of_grad =
          std::exp2(testing::find(trainer.info(), record, "2", Role::grad_weight)->true_log2_rms());
      EXPECT_NEAR(rms, record.learning_rate * of_grad, 1e-5 * rms);
    }
  }
}

TEST(TrainerTest, ProbingChangesNoParameter) {
  const Split data = blobs();
  Trainer trainer(small_config(), data);
  const auto before = bits(trainer);
  const StepRecord& record = trainer.probe();
  EXPECT_TRUE(record.measured);
  EXPECT_EQ(bits(trainer), before);
  EXPECT_EQ(trainer.step_count(), 0);
}

TEST(TrainerTest, ProbingBetweenStepsChangesNoBitOfTheTraining) {
  const Split data = blobs();
  Trainer plain(small_config(), data), probed(small_config(), data);
  for (int i = 0; i < 4; ++i) {
    plain.step();
    probed.step();
    probed.probe();
  }
  EXPECT_EQ(bits(probed), bits(plain));
}

TEST(TrainerTest, AMeasuredStepHasEverySite) {
  const Split data = blobs();
  Trainer trainer(small_config(), data);
  const StepRecord& record = trainer.step();
  const RunInfo info = trainer.info();
  std::set<std::string> names;
  for (const SketchRecord& sketch : record.sketches) {
    const std::string name = info.name_of(sketch.site);
    EXPECT_TRUE(names.insert(name).second) << "twice: " << name;
  }
  std::set<std::string> expected{"input/a", "input/grad_a"};
  for (const std::string path : {"0", "2.0", "3"}) {
    expected.insert({path + "/z", path + "/grad_z"});
    for (const std::string param : {".weight", ".bias"}) {
      expected.insert(
          {path + param + "/weight", path + param + "/grad_weight", path + param + "/update"});
    }
  }
  for (const std::string path : {"1", "2.1", "2"}) expected.insert({path + "/a", path + "/grad_a"});
  EXPECT_EQ(names, expected);
  EXPECT_EQ(record.activations.size(), 2u);
  const JoinRecord* join = record.join(testing::layer_at(info, "1"));  // what the block reads
  ASSERT_NE(join, nullptr);
  ASSERT_EQ(join->ways.size(), 2u);
  EXPECT_EQ(join->ways[0].reader, testing::layer_at(info, "2.0"));
  EXPECT_EQ(join->ways[1].reader, testing::layer_at(info, "2"));
  EXPECT_EQ(join->ways[1].input, 1);
  EXPECT_NEAR(join->ways[0].share + join->ways[1].share, 1, 1e-12);
  plumb::Run run{info, {record}, {}, {}};
  EXPECT_EQ(check_run(run), std::vector<std::string>{});
}

TEST(TrainerTest, AnUnmeasuredStepCarriesNothingOfTheLastMeasuredOne) {
  const Split data = blobs();
  TrainConfig config = small_config();
  config.record = "every=2";
  Trainer trainer(config, data);
  for (int step = 0; step < 3; ++step) EXPECT_FALSE(trainer.step().sketches.empty());
  const StepRecord& record = trainer.step();
  EXPECT_FALSE(record.measured);
  EXPECT_TRUE(record.sketches.empty());
  EXPECT_TRUE(record.activations.empty());
  EXPECT_TRUE(record.joins.empty());
  EXPECT_TRUE(record.symmetries.empty());
  EXPECT_FALSE(trainer.step().sketches.empty());
}

TEST(TrainerTest, TheRecordedWeightIsTheOneThatThePassesUsed) {
  const Split data = blobs();
  TrainConfig config = small_config();
  config.learning_rate = 10;  // so that the update would show
  Trainer probed(config, data);
  const double before = testing::find(probed.info(), probed.probe(), "0", Role::weight)->rms();
  Trainer stepped(config, data);
  EXPECT_EQ(testing::find(stepped.info(), stepped.step(), "0", Role::weight)->rms(), before);
}

TEST(TrainerTest, WeightDecayIsNeverPartOfTheLossGradient) {
  // Without any loss gradient (all labels fitted by a saturated bias) the total gradient would be
  // the decay alone; the record must say that the loss gradient is not there. Here: the same first
  // step with and without decay has the same grad_weight, and another update.
  const Split data = blobs();
  TrainConfig config = small_config();
  Trainer plain(config, data);
  config.optimiser.weight_decay = 0.5;
  Trainer decayed(config, data);
  const StepRecord& a = plain.step();
  const StepRecord& b = decayed.step();
  EXPECT_EQ(testing::find(plain.info(), a, "0", Role::grad_weight)->rms(),
            testing::find(decayed.info(), b, "0", Role::grad_weight)->rms());
  EXPECT_NE(testing::find(plain.info(), a, "0", Role::update)->rms(),
            testing::find(decayed.info(), b, "0", Role::update)->rms());
  EXPECT_EQ(a.weight_decay_norm, 0.0);
  EXPECT_GT(b.weight_decay_norm, 0.0);
}

TEST(TrainerTest, ValidationIsEvaluatedAtTheEndOfEachEpochOverAllSamples) {
  Split data = blobs(250);  // no multiple of the batch
  Trainer trainer(small_config(), data);
  int evaluations = 0;
  run_training(trainer, nullptr, [&](const Trainer&, const StepRecord& record) {
    if (record.validation_loss) ++evaluations;
    return true;
  });
  EXPECT_EQ(evaluations, 3);
  const double accuracy = trainer.evaluate(data.validation).accuracy;
  EXPECT_NEAR(accuracy * 250, std::round(accuracy * 250), 1e-9);
}

TEST(TrainerTest, TheCallbackStopsTheRunCleanly) {
  struct Sink : RecordSink {
    void begin(const RunInfo&) override { ++begins; }
    void grow(const RunInfo&) override {}
    void add(const StepRecord&) override { ++adds; }
    void end(const RunEnd& run_end) override { last = run_end; }
    int begins = 0, adds = 0;
    RunEnd last;
  } sink;
  const Split data = blobs();
  Trainer trainer(small_config(), data);
  run_training(trainer, &sink,
               [](const Trainer& t, const StepRecord&) { return t.step_count() < 4; });
  EXPECT_EQ(sink.begins, 1);
  EXPECT_EQ(sink.adds, 4);
  EXPECT_EQ(sink.last.reason, "interrupted");
  EXPECT_EQ(sink.last.steps, 4);
}

TEST(TrainerTest, AnOutputThatDoesNotFitTheDataIsNamed) {
  const Split data = blobs();
  TrainConfig config = small_config();
  config.network = "dense 1";
  try {
    Trainer(config, data);
    FAIL();
  } catch (const ShapeError& error) {
    EXPECT_STREQ(error.what(),
                 "network: its output has shape [1] a sample, expected [2] (the classes of blobs); "
                 "one output tells two classes with the loss binary_cross_entropy");
  }
}

TEST(TrainerTest, SpareOutputsAreAllowedAndNoted) {
  const Split data = blobs();
  TrainConfig config = small_config();
  config.network = "dense 8 > tanh > dense 5";
  Trainer trainer(config, data);
  ASSERT_EQ(trainer.notes().size(), 1U);
  EXPECT_EQ(trainer.notes()[0],
            "network: 5 outputs for 2 classes in blobs; the others stay unused");
  run_training(trainer, nullptr, {});
  EXPECT_GT(trainer.evaluate(data.validation).accuracy, 0.95);
}

// Scaled by a power of two, so that the training is the same but for the unit of the loss.
TEST(TrainerTest, LossesAreToldInTheUnitOfTheData) {
  Split plain;
  for (Dataset* part : {&plain.train, &plain.validation}) {
    part->name = "values";
    part->x = Tensor({32, 2}, DType::f32);
    part->y = Tensor({32, 1}, DType::f32);
    const Rng rng(part == &plain.train ? 1 : 2, "test/values");
    for (std::size_t i = 0; i < 64; ++i) {
      part->x.as<float>()[i] = static_cast<float>(rng.normal(i));
    }
    for (std::size_t i = 0; i < 32; ++i) part->y.as<float>()[i] = part->x.as<float>()[2 * i];
  }
  Split scaled = plain;
  scaled.train.target_unit = scaled.validation.target_unit = 8;
  TrainConfig config = small_config();
  config.network = "dense 8 > tanh > dense 1";
  config.learning_rate = 0.01;
  Trainer a(config, plain), b(config, scaled);
  for (int i = 0; i < 2; ++i) {
    const StepRecord& of_a = a.step();
    const StepRecord& of_b = b.step();
    EXPECT_DOUBLE_EQ(of_b.loss, 64 * of_a.loss);
    if (of_a.validation_loss) {
      EXPECT_DOUBLE_EQ(*of_b.validation_loss, 64 * *of_a.validation_loss);
    }
  }
  EXPECT_EQ(bits(a), bits(b));
  EXPECT_EQ(a.info().data_info->samples, 32);
}

TEST(TrainerTest, NaNInTheDataIsMeasuredNotThrown) {
  Split data = blobs();
  data.train.x.as<float>()[0] = std::numeric_limits<float>::quiet_NaN();
  TrainConfig config = small_config();
  config.shuffle = false;
  Trainer trainer(config, data);
  const StepRecord& record = trainer.step();
  EXPECT_TRUE(std::isnan(record.loss));
  EXPECT_GT(testing::find(trainer.info(), record, "0", Role::z)->nonfinite_count, 0u);
}

TEST(TrainerTest, DeadUnitsAreJudgedOverTheWindow) {
  // A bias of -1000 silences every unit for every sample; a bias of 0 leaves half of the entries
  // zero and no unit dead.
  const Split data = blobs();
  for (const auto& [init, dead] : {std::pair{"constant:-1000", 8}, std::pair{"zeros", 0}}) {
    TrainConfig config = small_config();
    config.network = "dense 8 > relu > dense 2";
    config.bias_init = init;
    config.record = "every=1";
    Trainer trainer(config, data);
    for (int i = 0; i < 4; ++i) trainer.step();
    const ActivationRecord* record = trainer.step().activation(2);
    ASSERT_NE(record, nullptr);
    EXPECT_EQ(record->dead_units, dead) << init;
    EXPECT_EQ(record->window_samples, 5u * 16);
  }
}

}  // namespace
}  // namespace plumb
