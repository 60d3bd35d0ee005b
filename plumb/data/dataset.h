// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "plumb/core/rng.h"
#include "plumb/core/tensor.h"

namespace plumb {

/// A supervised data set in memory: x [samples, features...], and either class labels or target
/// values.
struct Dataset {
  std::string name;                  ///< "mnist:DIR", "glyphs"
  Tensor x;                          ///< float, [samples, features...]
  std::vector<std::int32_t> labels;  ///< for classification: in [0, classes), one a sample or more
  Tensor y;                          ///< for regression: float, [samples, outputs]; empty otherwise
  std::int64_t classes = 0;          ///< 0 for regression
  std::int64_t labels_per_sample = 1;  ///< as many as steps where each step of a sequence has one
  std::vector<std::string> columns = {};      ///< names of the features, where the source has some
  std::vector<std::string> class_names = {};  ///< [classes], where the source has some
  /// What 1 in y stands for in the unit of the source: its deviation, where y was standardised.
  double target_unit = 1;
  /// What the source was taken for, a line each, for whoever shows it to the user.
  std::vector<std::string> notes = {};

  std::int64_t size() const { return x ? x.shape()[0] : 0; }
  bool is_classification() const { return classes > 0; }
  /// The samples at these indices, in this order. Errors: UsageError for an index that it has not.
  Dataset select(const std::vector<std::int64_t>& indices) const;
};

/// Refuses a data set whose members do not belong together. Whatever takes one calls it first, for
/// one that was made by hand is read without further checks.
/// Errors  DataError listing everything that is wrong: x or y not float, y without a row for each
///         sample, a number of labels other than samples * labels_per_sample, a label outside
///         [0, classes). No samples at all are no error.
/// Speed   One pass over the labels.
void check_dataset(const Dataset& data);

/// Training and validation parts.
struct Split {
  Dataset train;
  Dataset validation;
  std::vector<std::string> notes = {};  ///< those of the data set, and what was done since
};

struct DataOptions {
  std::int64_t limit = 0;            ///< use the first `limit` samples only; 0 for all
  double validation_fraction = 0.1;  ///< 0 for none; the validation part is drawn by seed
  /// Subtract the training mean, divide by the training deviation: of each column, or each channel
  /// of images [n, channels, height, width], or all numbers of [n, rows, columns].
  bool standardise = false;
  std::uint64_t seed = 0;
  /// With `standardise`, the targets of a regression too: of each its mean is subtracted, and all
  /// are divided by one deviation, the root mean square of theirs, so that a squared error keeps
  /// its meaning but for a factor (Dataset::target_unit).
  bool standardise_targets = true;
};

/// Loads or makes the data that a --data text names:
///   mnist:DIR              IDX images and labels (plain or .gz; MNIST, Fashion-MNIST names;
///                          train-* files if present, else t10k-*), pixels scaled to [0, 1],
///                          x [n, 28, 28]
///   csv:FILE?label=COLUMN  a table of text; the label column (name or zero-based number) holds
///                          classes (integers or words); `target=COLUMN` makes it regression (see
///                          csv_options.h for more)
///   npz:FILE               arrays x and y; integer y are classes, float y are targets, [n] or one a
///                          step, [n, steps]
///   safetensors:FILE       the same of a safetensors file
///   folder:DIR?size=HxW    PNG and JPEG images, a folder a class; see image_folder.h
///   glyphs[?n=N&noise=S], spirals[?n=N&classes=K&noise=S],
///   teacher[?n=N&in=D&out=D&depth=L&classes=K], adding[?t=T&n=N], copy[?t=T&n=N]
///                          made by plumb from the seed (see the makers' headers)
/// Numbers that a table lacks are replaced by the mean of their column, by load_split() of the
/// column in the training part.
/// Errors  SpecError for a text that names no source; DataError naming file and place: missing,
///         truncated, mislabelled (magic, counts), NaN or Inf in x, label out of range.
Dataset load_dataset(const std::string& text, std::uint64_t seed);

/// The file or folder that a --data text names; empty for data that plumb makes, and for a text
/// that names no source.
std::string path_of_source(const std::string& text);

/// What the text of each source begins with: "mnist:", "glyphs".
std::vector<std::string> source_starts();

/// Limits, splits and standardises: the validation part has round(fraction * samples), at least 1,
/// drawn by seed; both parts keep the order of `data`. `classes` stays that of the whole.
/// Errors  SpecError for a limit below 0 or a fraction outside [0, 1); DataError for a single
///         sample that is to be split, and as check_dataset().
Split split_dataset(const Dataset& data, const DataOptions& options);

/// load_dataset, then split_dataset.
Split load_split(const std::string& text, const DataOptions& options);

/// Other data, as a network sees it that was trained on load_split(training, options): gaps filled
/// and inputs scaled by what the training part holds, and labels numbered as there, by their names
/// where both have some.
/// Errors  as load_split(); DataError for columns of other names and for a class that training had not.
Dataset load_like(const std::string& text, const std::string& training, const DataOptions& options);

/// Copies these samples, in this order, into x [rows, features...] (float or double) and labels, or
/// y for regression. Rows of x may have another shape of the same size (784 for 28 x 28).
/// Errors  ShapeError if x or y do not have that many rows of the data's size, UsageError for a row
///         that the data have not, DataError if the data lack labels or targets for their samples.
void copy_batch(const Dataset& data, std::span<const std::int64_t> rows, View x,
                std::vector<std::int32_t>& labels, View y);

/// Mini-batches in an order drawn anew each epoch from the seed; the bits do not depend on threads.
/// The last, smaller batch of an epoch is left out unless it is the only one, so that every step
/// has the planned batch size: batch() is the one asked for, or all samples if they are fewer.
///
/// Errors  SpecError for a batch below 1, DataError for data without samples and as check_dataset();
///         UsageError from fill() for an epoch or a batch that there is not.
/// Threads One object is used by one thread; the data set must outlive it.
class BatchIterator {
 public:
  BatchIterator(const Dataset& data, std::int64_t batch, bool shuffle, std::uint64_t seed);
  BatchIterator(const Dataset&&, std::int64_t, bool, std::uint64_t) = delete;  ///< would dangle

  std::int64_t batches_per_epoch() const { return batches_per_epoch_; }
  std::int64_t batch() const { return batch_; }
  /// copy_batch() of batch `index` of `epoch`. Allocates only when the epoch changes.
  void fill(std::int64_t epoch, std::int64_t index, View x, std::vector<std::int32_t>& labels,
            View y);

 private:
  const Dataset& data_;
  std::int64_t batch_;
  std::int64_t batches_per_epoch_;
  bool shuffle_;
  Rng rng_;
  std::int64_t epoch_ = -1;
  std::vector<std::int64_t> order_;
};

}  // namespace plumb
