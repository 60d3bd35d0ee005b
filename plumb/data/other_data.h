// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/data/dataset.h"

namespace plumb {

/// Whether data must say what is right for each sample, or may leave it out, to be told.
enum class LabelUse : bool { required, optional };

/// Data that a trained network is asked about.
struct OtherData {
  Dataset data;
  /// Where false, labels are all 0, or y is: there is nothing to compare with.
  bool is_labelled = true;
};

/// Other data, as a network sees it that was trained on load_split(training, options): columns of a
/// table found and encoded as there (csv.h), gaps filled and inputs scaled by what the training
/// part holds, images resized and made grey as there, and labels numbered as there, by their names
/// where both have some. Where `training` is empty nothing is known of it, and the data stand for
/// themselves; without labels `data` then is a regression with one target.
///
/// With LabelUse::optional the data may lack labels (a table its column, an NPZ file y, a folder
/// its class folders); no sample is left out then, and labels that not all samples have, or that
/// the training did not know, are not used, with a note.
/// Errors  as load_split(); DataError for a column of the training that is not there and, with
///         LabelUse::required, for a class that the training had not.
OtherData load_other(const std::string& text, const std::string& training,
                     const DataOptions& options, LabelUse labels);

}  // namespace plumb
