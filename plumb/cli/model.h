// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plumb/cli/config_options.h"
#include "plumb/data/dataset.h"
#include "plumb/data/other_data.h"
#include "plumb/train/trainer.h"

namespace plumb::cli {

/// A trained network and the data that it is asked about.
///
/// It comes from one file: a recorded run, which knows its settings and where its weights were
/// saved; a checkpoint, which has both; or weights alone, whose network the user names. Flags win
/// over what the file says.
class Model {
 public:
  /// `options`: of the command, with its file read. Errors: DataError, SpecError, StoreError.
  /// With LabelUse::optional, --data need not say what is right.
  Model(const std::string& file, const ConfigOptions& options,
        LabelUse labels = LabelUse::required);

  Trainer& trainer() { return *trainer_; }
  const TrainConfig& config() const { return config_; }
  /// What it is asked about, and what to call it: "the validation part of glyphs".
  const Dataset& data() const { return *data_; }
  bool is_labelled() const { return is_labelled_; }
  const std::string& data_name() const { return data_name_; }
  const std::vector<std::string>& notes() const { return notes_; }
  /// "cat", or the number where the data have no names.
  std::string class_name(std::int64_t label) const;

 private:
  void load_alone(LabelUse labels);

  TrainConfig config_;
  Split training_;
  Dataset other_;
  bool is_labelled_ = true;
  const Dataset* data_ = nullptr;
  std::string data_name_;
  std::vector<std::string> notes_;
  std::unique_ptr<Trainer> trainer_;
};

}  // namespace plumb::cli
