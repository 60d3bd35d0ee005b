// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <string_view>

#include "plumb/data/class_labels.h"
#include "plumb/data/csv.h"
#include "plumb/data/dataset.h"
#include "plumb/data/glyphs.h"
#include "plumb/data/mnist.h"
#include "plumb/data/npz.h"
#include "plumb/data/npz_dataset.h"
#include "plumb/data/sequences.h"
#include "plumb/data/source_text.h"
#include "plumb/data/spirals.h"
#include "plumb/data/teacher.h"

namespace plumb {

namespace {

constexpr std::int64_t kMaxSamples = 10'000'000;
constexpr std::int64_t kMaxWidth = 1 << 16;
constexpr std::int64_t kMaxDepth = 10'000;
constexpr double kMaxNoise = 1e6;

struct Source {
  std::string_view kind;
  std::string_view usage;
  Dataset (*load)(SourceText& text, std::string_view usage, std::uint64_t seed);
};

Dataset from_mnist(SourceText& text, std::string_view usage, std::uint64_t) {
  text.parse_path(usage, false);
  return load_mnist(text.path());
}

Dataset from_csv(SourceText& text, std::string_view usage, std::uint64_t) {
  text.parse_path(usage, true);
  text.expect_keys({"label", "target"});
  const auto label = text.word("label"), target = text.word("target");
  if (label.has_value() == target.has_value()) {
    text.fail(text.text().size(),
              label ? "label and target are both given, expected one of them"
                    : "no column to learn, expected ?label=COLUMN or ?target=COLUMN");
  }
  return read_csv(text.path(),
                  {.column = label ? *label : *target, .is_classification = label.has_value()});
}

Dataset from_npz(SourceText& text, std::string_view usage, std::uint64_t) {
  text.parse_path(usage, false);
  return npz_dataset(read_npz(text.path()), text.path());
}

Dataset from_glyphs(SourceText& text, std::string_view usage, std::uint64_t seed) {
  text.parse_options(usage);
  text.expect_keys({"n", "noise"});
  GlyphsOptions options;
  options.n = text.integer("n", options.n, 1, kMaxSamples);
  options.noise = text.number("noise", options.noise, 0, kMaxNoise);
  return make_glyphs(options, seed);
}

Dataset from_spirals(SourceText& text, std::string_view usage, std::uint64_t seed) {
  text.parse_options(usage);
  text.expect_keys({"n", "classes", "noise"});
  SpiralsOptions options;
  options.n = text.integer("n", options.n, 1, kMaxSamples);
  options.classes = text.integer("classes", options.classes, 2, kMaxClasses);
  options.noise = text.number("noise", options.noise, 0, kMaxNoise);
  return make_spirals(options, seed);
}

Dataset from_teacher(SourceText& text, std::string_view usage, std::uint64_t seed) {
  text.parse_options(usage);
  text.expect_keys({"n", "in", "out", "depth", "classes"});
  TeacherOptions options;
  options.n = text.integer("n", options.n, 1, kMaxSamples);
  options.in = text.integer("in", options.in, 1, kMaxWidth);
  options.out = text.integer("out", options.out, 1, kMaxWidth);
  options.depth = text.integer("depth", options.depth, 1, kMaxDepth);
  options.classes = text.integer("classes", options.classes, 0, kMaxWidth);
  if (options.classes == 1)
    text.fail_at("classes", "classes is 1, expected 0 (regression) or 2 or more");
  if (options.classes > 0 && text.has("out")) {
    text.fail_at("out", "out is for regression, expected it without classes");
  }
  return make_teacher(options, seed);
}

SequenceOptions read_sequence_options(SourceText& text, std::string_view usage) {
  text.parse_options(usage);
  text.expect_keys({"t", "n"});
  SequenceOptions options;
  options.t = text.integer("t", options.t, 2, kMaxWidth);
  options.n = text.integer("n", options.n, 1, kMaxSamples);
  return options;
}

Dataset from_adding(SourceText& text, std::string_view usage, std::uint64_t seed) {
  return make_adding(read_sequence_options(text, usage), seed);
}

Dataset from_copy(SourceText& text, std::string_view usage, std::uint64_t seed) {
  return make_copy(read_sequence_options(text, usage), seed);
}

constexpr std::array<Source, 8> kSources{{
    {"mnist", "mnist:DIR", from_mnist},
    {"csv", "csv:FILE?label=COLUMN", from_csv},
    {"npz", "npz:FILE", from_npz},
    {"glyphs", "glyphs[?n=N&noise=S]", from_glyphs},
    {"spirals", "spirals[?n=N&classes=K&noise=S]", from_spirals},
    {"teacher", "teacher[?n=N&in=D&out=D&depth=L&classes=K]", from_teacher},
    {"adding", "adding[?t=T&n=N]", from_adding},
    {"copy", "copy[?t=T&n=N]", from_copy},
}};

}  // namespace

Dataset load_dataset(const std::string& text, std::uint64_t seed) {
  SourceText source_text(text);
  std::string usages;
  for (const Source& source : kSources) {
    if (source.kind == source_text.kind()) {
      Dataset data = source.load(source_text, source.usage, seed);
      data.name = text;
      check_dataset(data);
      return data;
    }
    usages += (usages.empty() ? "" : ", ") + std::string(source.usage);
  }
  source_text.fail(
      0, fmt::format("no source is called '{}', expected one of {}", source_text.kind(), usages));
}

std::vector<std::string> source_starts() {
  std::vector<std::string> starts;
  for (const Source& source : kSources) {
    starts.emplace_back(source.kind);
    if (source.usage.substr(source.kind.size()).starts_with(':')) starts.back() += ':';
  }
  return starts;
}

}  // namespace plumb
