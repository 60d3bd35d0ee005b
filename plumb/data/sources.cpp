// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "plumb/data/class_labels.h"
#include "plumb/data/csv.h"
#include "plumb/data/dataset.h"
#include "plumb/data/file_bytes.h"
#include "plumb/data/glyphs.h"
#include "plumb/data/image_folder.h"
#include "plumb/data/load_sources.h"
#include "plumb/data/mnist.h"
#include "plumb/data/npz_dataset.h"
#include "plumb/data/safetensors.h"
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
constexpr std::int64_t kMaxImageSide = 8192;

struct Source {
  std::string_view kind;
  std::string_view usage;
  Dataset (*load)(SourceText& text, std::string_view usage, std::uint64_t seed);
};

Dataset from_mnist(SourceText& text, std::string_view usage, std::uint64_t) {
  text.parse_path(usage, false);
  return load_mnist(text.path());
}

char read_separator(const SourceText& text) {
  const auto word = text.word("sep");
  if (!word) return '\0';
  constexpr std::array<std::pair<std::string_view, char>, 7> kNames{{{"comma", ','},
                                                                     {"semicolon", ';'},
                                                                     {"tab", '\t'},
                                                                     {"\\t", '\t'},
                                                                     {"bar", '|'},
                                                                     {"blank", ' '},
                                                                     {"space", ' '}}};
  for (const auto& [name, separator] : kNames) {
    if (*word == name) return separator;
  }
  constexpr std::string_view kNever = "\"\r\n0123456789.-+";
  if (word->size() != 1 || kNever.find((*word)[0]) != kNever.npos) {
    text.fail_at("sep", fmt::format("sep is '{}', expected one sign, or comma, semicolon, tab, bar "
                                    "or blank",
                                    *word));
  }
  return (*word)[0];
}

char read_decimal(const SourceText& text) {
  const auto word = text.word("decimal");
  if (!word) return '\0';
  if (*word == "comma" || *word == ",") return ',';
  if (*word == "point" || *word == ".") return '.';
  text.fail_at("decimal", fmt::format("decimal is '{}', expected point or comma", *word));
}

std::optional<bool> read_header(const SourceText& text) {
  const auto word = text.word("header");
  if (!word) return std::nullopt;
  if (*word == "yes" || *word == "1" || *word == "true") return true;
  if (*word == "no" || *word == "0" || *word == "false" || *word == "none") return false;
  text.fail_at("header", fmt::format("header is '{}', expected yes or no", *word));
}

CsvOptions read_csv_options(SourceText& text, std::string_view usage) {
  text.parse_path(usage, true);
  text.expect_keys(
      {"label", "target", "drop", "only", "encode", "na", "sep", "decimal", "header", "skip"});
  if (text.has("label") && text.has("target")) {
    text.fail(text.text().size(), "label and target are both given, expected one of them");
  }
  CsvOptions options;
  options.label = text.word("label").value_or("");
  options.target = text.word("target").value_or("");
  options.drop = text.word("drop").value_or("");
  options.only = text.word("only").value_or("");
  options.encode = text.word("encode").value_or("");
  options.na = text.word("na").value_or("");
  options.separator = read_separator(text);
  options.decimal = read_decimal(text);
  options.header = read_header(text);
  options.skip = text.integer("skip", 0, 0, kMaxSamples);
  return options;
}

Dataset from_csv(SourceText& text, std::string_view usage, std::uint64_t) {
  const CsvOptions options = read_csv_options(text, usage);
  return read_csv(text.path(), options);
}

Dataset from_npz(SourceText& text, std::string_view usage, std::uint64_t) {
  text.parse_path(usage, false);
  return npz_dataset(read_arrays(text.path()), text.path());
}

/// HEIGHTxWIDTH, or one number for both.
void read_size(const SourceText& text, ImageFolderOptions& options) {
  const auto word = text.word("size");
  if (!word) return;
  const auto number = [&](std::string_view digits) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool is_whole = error == std::errc{} && end == digits.data() + digits.size();
    return is_whole && value <= kMaxImageSide ? value : 0;
  };
  const std::size_t by = std::min(word->find('x'), word->size());
  options.height = number(std::string_view(*word).substr(0, by));
  options.width =
      by < word->size() ? number(std::string_view(*word).substr(by + 1)) : options.height;
  if (options.height < 1 || options.width < 1) {
    text.fail_at("size", fmt::format("size is '{}', expected HEIGHTxWIDTH, each from 1 to {}",
                                     *word, kMaxImageSide));
  }
}

ImageFolderOptions read_folder_options(SourceText& text, std::string_view usage) {
  text.parse_path(usage, true);
  text.expect_keys({"size", "grey"});
  ImageFolderOptions options;
  read_size(text, options);
  options.grey = text.integer("grey", 0, 0, 1) == 1;
  return options;
}

Dataset from_folder(SourceText& text, std::string_view usage, std::uint64_t) {
  const ImageFolderOptions options = read_folder_options(text, usage);
  return load_image_folder(text.path(), options);
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

constexpr std::array<Source, 10> kSources{{
    {"mnist", "mnist:DIR", from_mnist},
    {"csv", "csv:FILE?label=COLUMN", from_csv},
    {"npz", "npz:FILE", from_npz},
    {"safetensors", "safetensors:FILE", from_npz},
    {"folder", "folder:DIR[?size=HxW&grey=1]", from_folder},
    {"glyphs", "glyphs[?n=N&noise=S]", from_glyphs},
    {"spirals", "spirals[?n=N&classes=K&noise=S]", from_spirals},
    {"teacher", "teacher[?n=N&in=D&out=D&depth=L&classes=K]", from_teacher},
    {"adding", "adding[?t=T&n=N]", from_adding},
    {"copy", "copy[?t=T&n=N]", from_copy},
}};

/// ", did you mean csv:iris.csv?" for the name of a file or folder in place of a source.
std::string file_hint(const std::string& text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kEndings{
      {{".csv", "csv"},
       {".tsv", "csv"},
       {".txt", "csv"},
       {".csv.gz", "csv"},
       {".tsv.gz", "csv"},
       {".npz", "npz"},
       {".safetensors", "safetensors"},
       {"/", "folder"}}};
  const std::string path = text.substr(0, text.find('?'));
  for (const auto& [ending, kind] : kEndings) {
    if (path.ends_with(ending)) return fmt::format("; did you mean {}:{}?", kind, text);
  }
  return "";
}

}  // namespace

Dataset load_with_gaps(const std::string& text, std::uint64_t seed) {
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
  source_text.fail(0, fmt::format("no source is called '{}', expected one of {}{}",
                                  source_text.kind(), usages, file_hint(text)));
}

namespace {

const Source* find_source(std::string_view kind) {
  const auto it = std::ranges::find(kSources, kind, &Source::kind);
  return it == kSources.end() ? nullptr : &*it;
}

bool is_of_kind(const std::string& text, std::string_view kind) {
  return !text.empty() && SourceText(text).kind() == kind;
}

OtherData other_csv(SourceText& text, const std::string& training, LabelUse labels) {
  const Source& source = *find_source("csv");
  const auto read = [&](SourceText& from, std::vector<std::byte>& bytes) {
    const CsvOptions options = read_csv_options(from, source.usage);
    bytes = read_file(from.path());
    return CsvFile{
        {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, options, from.path()};
  };
  std::vector<std::byte> bytes, training_bytes;
  const CsvFile file = read(text, bytes);
  if (!is_of_kind(training, "csv")) return parse_other_csv(file, nullptr, labels);
  SourceText training_text(training);
  const CsvFile trained = read(training_text, training_bytes);
  return parse_other_csv(file, &trained, labels);
}

OtherData other_folder(SourceText& text, const std::string& training, const Dataset* train,
                       LabelUse labels) {
  const Source& source = *find_source("folder");
  ImageFolderOptions options = read_folder_options(text, source.usage);
  options.may_be_loose = labels == LabelUse::optional;
  if (is_of_kind(training, "folder")) {
    SourceText training_text(training);
    const ImageFolderOptions trained = read_folder_options(training_text, source.usage);
    if (options.height == 0) {
      options.height = trained.height;
      options.width = trained.width;
    }
  }
  // [n, height, width]: the network has seen grey images alone.
  options.grey = options.grey || (train != nullptr && train->x.shape().rank() == 3);
  OtherData other{load_image_folder(text.path(), options), true};
  other.is_labelled = !other.data.class_names.front().empty();
  return other;
}

OtherData other_npz(SourceText& text, LabelUse labels) {
  text.parse_path(find_source(text.kind())->usage, false);
  std::vector<NamedArray> arrays = read_arrays(text.path());
  const bool has_labels = std::ranges::find(arrays, "y", &NamedArray::name) != arrays.end();
  const auto x = std::ranges::find(arrays, "x", &NamedArray::name);
  if (!has_labels && labels == LabelUse::optional && x != arrays.end() &&
      x->value.shape().rank() > 0) {
    arrays.push_back({"y", Tensor({x->value.shape()[0]}, DType::f32), false});
    return {npz_dataset(std::move(arrays), text.path()), false};
  }
  return {npz_dataset(std::move(arrays), text.path()), true};
}

}  // namespace

OtherData load_other_with_gaps(const std::string& text, const std::string& training,
                               const Dataset* train, std::uint64_t seed, LabelUse labels) {
  SourceText source_text(text);
  const std::string_view kind = source_text.kind();
  OtherData other;
  if (kind == "csv") {
    other = other_csv(source_text, training, labels);
  } else if (kind == "folder") {
    other = other_folder(source_text, training, train, labels);
  } else if (kind == "npz" || kind == "safetensors") {
    other = other_npz(source_text, labels);
  } else {
    return {load_with_gaps(text, seed), true};
  }
  other.data.name = text;
  check_dataset(other.data);
  return other;
}

void fill_gaps(const Dataset& train, Tensor& x) {
  if (x.shape().rank() != 2) return;
  const auto columns = static_cast<std::size_t>(x.shape()[1]);
  const auto measured = train.x.as<float>();
  const auto values = x.as<float>();
  for (std::size_t column = 0; column < columns; ++column) {
    bool has_gap = false;
    for (std::size_t i = column; i < values.size(); i += columns) {
      has_gap = has_gap || std::isnan(values[i]);
    }
    if (!has_gap) continue;
    double sum = 0;
    std::size_t count = 0;
    for (std::size_t i = column; i < measured.size(); i += columns) {
      if (std::isnan(measured[i])) continue;
      sum += measured[i];
      ++count;
    }
    const auto mean = static_cast<float>(count == 0 ? 0 : sum / static_cast<double>(count));
    for (std::size_t i = column; i < values.size(); i += columns) {
      if (std::isnan(values[i])) values[i] = mean;
    }
  }
}

Dataset load_dataset(const std::string& text, std::uint64_t seed) {
  Dataset data = load_with_gaps(text, seed);
  fill_gaps(data, data.x);
  return data;
}

std::string path_of_source(const std::string& text) {
  SourceText source_text(text);
  for (const Source& source : kSources) {
    const std::string_view form = source.usage.substr(source.kind.size());
    if (source.kind != source_text.kind() || !form.starts_with(':')) continue;
    const bool with_options = form.find('?') != form.npos;
    try {
      source_text.parse_path(source.usage, with_options);
    } catch (const SpecError&) {  // load_dataset() says what is wrong with it
      return "";
    }
    return source_text.path();
  }
  return "";
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
