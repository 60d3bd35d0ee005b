// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "plumb/data/spirals.h"
#include "plumb/zoo/kinds/make.h"

// Tasks of every sort that are learned.
namespace plumb::zoo {

namespace {

Specimen values_scaled(Draw& draw, bool) {
  Specimen s = on_values(draw);
  const int depth = draw.integer(2, 3), width = draw.integer(24, 64);
  use_adam(s, 0.003);
  s.config.network = chain(s, depth, width, draw.word({"relu", "tanh"}));
  return s;
}

Specimen values_sgd(Draw& draw, bool) {
  Specimen s = on_values(draw);
  const int depth = draw.integer(1, 3), width = draw.integer(24, 64);
  use_sgd(s, 0.02);
  s.config.network = chain(s, depth, width, "relu");
  return s;
}

Specimen values_in_range(Draw& draw, bool) {
  Specimen s = on_values(draw);
  const int depth = draw.integer(2, 3), width = draw.integer(24, 64);
  use_adam(s, 0.005);
  for (Dataset* part : {&s.data.train, &s.data.validation}) {
    for (float& y : part->y.as<float>()) y = std::tanh(0.8F * y);
  }
  s.config.network = chain(s, depth, width, "tanh") + " > tanh";
  return s;
}

/// One label of a few is wrong: no network gets them all, and this one learns what there is.
Specimen noisy_labels(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 3), width = draw.integer(24, 48);
  const double share = draw.real(0.1, 0.3);
  const Rng rng(draw.seed(), "zoo/noise");
  s.config.network = chain(s, depth, width, "relu");
  const auto classes = static_cast<std::uint64_t>(s.data.train.classes);
  std::uint64_t i = 0;
  for (Dataset* part : {&s.data.train, &s.data.validation}) {
    for (std::int32_t& label : part->labels) {
      ++i;
      if (rng.uniform(2 * i) < share)
        label = static_cast<std::int32_t>(rng.below(2 * i + 1, classes));
    }
  }
  return s;
}

Specimen noisy_values(Draw& draw, bool) {
  Specimen s = on_values(draw);
  const int width = draw.integer(16, 32);
  const Rng rng(draw.seed(), "zoo/noise");
  use_adam(s, 0.003);
  s.config.network = chain(s, 2, width, "relu");
  std::uint64_t i = 0;
  for (Dataset* part : {&s.data.train, &s.data.validation}) {
    for (float& y : part->y.as<float>()) y += static_cast<float>(0.7 * rng.normal(i++));
  }
  return s;
}

/// Nine of ten samples are of one class; the others are learned too.
Specimen imbalanced(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const int width = draw.integer(32, 64);
  use_adam(s, 0.003);
  s.config.network = chain(s, 2, width, "relu");
  const int keep = draw.integer(4, 8);
  for (Dataset* part : {&s.data.train, &s.data.validation}) {
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < part->size(); ++i) {
      if (part->labels[static_cast<std::size_t>(i)] == 0 || i / part->classes % keep == 0)
        rows.push_back(i);
    }
    *part = part->select(rows);
  }
  return s;
}

Specimen tiny_table(Draw& draw, bool) {
  TableSize size;
  size.n = draw.integer(90, 150);
  size.in = draw.integer(4, 8);
  size.classes = 3;
  Specimen s = on_table(draw);
  s.data = hold_out(make_clusters(size, draw.seed()));
  s.config.data = s.data.train.name;
  s.config.batch = 16;
  s.config.steps = 200;
  use_sgd(s, 0.02);
  s.config.network = chain(s, 1, draw.integer(12, 24), "relu");
  return s;
}

Specimen two_classes_one_logit(Draw& draw, bool) {
  TableSize size;
  size.n = draw.integer(900, 1500);
  size.in = draw.integer(6, 16);
  size.classes = 2;
  Specimen s = on_table(draw);
  s.data = hold_out(make_clusters(size, draw.seed()));
  s.config.data = s.data.train.name;
  s.config.loss = "binary_cross_entropy";
  use_adam(s, 0.003);
  s.config.network = "2 x [dense 32 > relu] > dense 1";
  return s;
}

Specimen linear_classifier(Draw& draw, bool) {
  Specimen s = on_table(draw);
  s.config.init = "glorot_normal";
  s.config.network = "dense " + std::to_string(outputs(s));
  use_sgd(s, draw.real(0.05, 0.2), 0);
  return s;
}

Specimen glyphs_dense(Draw& draw, bool) {
  Specimen s = on_glyphs(draw);
  const int depth = draw.integer(1, 3), width = draw.integer(32, 64);
  s.config.network = chain(s, depth, width, "relu");
  return s;
}

Specimen glyphs_conv(Draw& draw, bool) {
  Specimen s = on_glyphs(draw);
  s.config.steps = 120;
  s.config.network = draw.word(
      {"conv 8 3x3 > relu > maxpool 2 > conv 12 3x3 > relu > maxpool 2 > flatten > dense 10",
       "conv 8 3x3 stride=2 > relu > conv 16 3x3 stride=2 > relu > gap > dense 10",
       "conv 8 5x5 > tanh > avgpool 2 > flatten > dense 10"});
  if (s.config.network.find("gap") != std::string::npos) use_adam(s, 0.01);
  return s;
}

Specimen glyphs_conv_bn(Draw& draw, bool) {
  Specimen s = on_glyphs(draw);
  s.config.steps = 120;
  const int blocks = draw.integer(1, 2);
  s.config.network = "conv 8 3x3 stride=2 > bn > relu > " + std::to_string(blocks) +
                     " x res[conv 8 3x3 > bn > relu > conv 8 3x3 > bn] > relu > gap > dense 10";
  use_adam(s, 0.01);
  return s;
}

Specimen spirals(Draw& draw, bool) {
  Specimen s = on_table(draw);
  SpiralsOptions options;
  options.n = 900;
  options.classes = draw.integer(2, 3);
  s.data = hold_out(make_spirals(options, draw.seed()));
  s.config.data = "spirals";
  s.config.steps = 500;
  use_adam(s, 0.01);
  s.config.network = chain(s, 3, draw.integer(32, 48), draw.word({"relu", "tanh"}));
  return s;
}

/// The data are not scaled, and are not far from it.
Specimen inputs_nearly_scaled(Draw& draw, bool) {
  Specimen s = on_table(draw);
  const float factor = static_cast<float>(draw.real(0.4, 2.5)),
              mean = static_cast<float>(draw.real(-1, 1));
  for (Dataset* part : {&s.data.train, &s.data.validation}) {
    for (float& x : part->x.as<float>()) x = mean + factor * x;
  }
  use_adam(s, 0.002);
  s.config.network = chain(s, draw.integer(2, 3), draw.integer(32, 64), "relu");
  return s;
}

Specimen one_hot_inputs(Draw& draw, bool) {
  Specimen s = on_table(draw);
  for (Dataset* part : {&s.data.train, &s.data.validation}) {
    for (float& x : part->x.as<float>()) x = x > 0.7F ? 1 : 0;
  }
  use_adam(s, 0.003);
  s.config.network = chain(s, 2, draw.integer(32, 64), "relu");
  return s;
}

}  // namespace

std::vector<Kind> healthy_task_kinds() {
  using enum Family;
  return {
      {"values_scaled", data, "a regression with scaled targets", {}, values_scaled},
      {"values_sgd", data, "the same by sgd", {}, values_sgd},
      {"values_in_range",
       output,
       "targets within the reach of the tanh at the end",
       {},
       values_in_range},
      {"noisy_labels", data, "labels of which some are wrong", {}, noisy_labels},
      {"noisy_values", data, "targets with much noise", {}, noisy_values},
      {"imbalanced", data, "classes of very different size", {}, imbalanced},
      {"tiny_table", data, "a hundred samples", {}, tiny_table},
      {"two_classes_one_logit", output, "two classes as one logit", {}, two_classes_one_logit},
      {"linear_classifier", output, "no hidden layer at all", {}, linear_classifier},
      {"glyphs_dense", data, "images through dense layers", {}, glyphs_dense},
      {"glyphs_conv", data, "images through convolutions", {}, glyphs_conv},
      {"glyphs_conv_bn", norm, "images through residual convolutions with bn", {}, glyphs_conv_bn},
      {"spirals", data, "two or three spirals", {}, spirals},
      {"inputs_nearly_scaled", data, "inputs that are roughly scaled", {}, inputs_nearly_scaled},
      {"one_hot_inputs", data, "inputs of zeros and ones", {}, one_hot_inputs},
  };
}

}  // namespace plumb::zoo
