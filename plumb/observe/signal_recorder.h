// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plumb/observe/observed_view.h"
#include "plumb/record/run_info.h"
#include "plumb/record/signal_record.h"

namespace plumb {

/// Says of each layer's output how different the samples of the batch still are (SignalRecord).
///
/// A sample is what stands at one place of the axis of samples: of a sequence all its time steps,
/// of an image all its pixels. Of a layer that is recorded several times in a step the first time
/// counts. No record is made of a tensor without an axis of samples or with several, of one that
/// has padding, and of one whose rows are not those of the batch: another number of samples than
/// the first tensor that was recorded in the step.
///
/// Due        The similarity at the first measured step, from then on where at least twice as many
///            steps have gone by, and at the last planned step; the directions, which cost more, the
///            same with four times as many.
/// Directions Of the first kMostSamples samples, and of at most kMostFeatures of their elements,
///            which are spread evenly.
/// Errors     None: what cannot be judged has no record.
/// Threads    One object from one thread. A step like an earlier one allocates nothing.
/// Speed      Two passes over each sample while it is in the cache.
class SignalRecorder {
 public:
  static constexpr std::int64_t kMostSamples = 32;
  static constexpr std::int64_t kMostFeatures = 1024;

  void begin(const RunInfo& info, std::int64_t step, std::vector<SignalRecord>& records);
  bool is_due() const { return records_ != nullptr; }
  void add(LayerId layer, ConstView values);
  void add(LayerId layer, const ObservedView& values);
  void finish() { records_ = nullptr; }

 private:
  bool begin_layer(LayerId layer, std::int64_t samples);
  template <class T>
  void add_rows(LayerId layer, std::span<const T> values, std::int64_t samples);
  template <class T>
  void take_row(std::span<const T> row);
  void finish_layer(LayerId layer);
  double directions();

  std::vector<SignalRecord>* records_ = nullptr;
  bool with_directions_ = false;
  std::int64_t last_ = -1;  ///< the last step that was due: it may be begun again
  std::int64_t next_ = 0, next_directions_ = 0;  ///< the steps from which on they are due again
  std::int64_t batch_ = 0;                       ///< samples of the first tensor of the step
  std::vector<bool> recorded_;                   ///< by layer

  // Of the layer that is read.
  std::int64_t counted_ = 0;
  std::vector<double> sum_;   ///< of the normalised samples
  std::vector<double> kept_;  ///< [samples, features] of the directions
  std::int64_t kept_rows_ = 0;
  std::vector<double> mean_;
  std::vector<double> sample_;  ///< one sample of a strided view
};

}  // namespace plumb
