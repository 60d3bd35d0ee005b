// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/inner_recorder.h"

#include <array>
#include <limits>

namespace plumb {

std::string_view slice_name(Role role) {
  static constexpr std::array<std::string_view, kRoleCount> kNames = {
      "z_log2_rms",      "a_log2_rms",           "grad_z_log2_rms", "grad_a_log2_rms",
      "weight_log2_rms", "grad_weight_log2_rms", "update_log2_rms"};
  return kNames[static_cast<std::size_t>(role)];
}

InnerRecorder::Quantity& InnerRecorder::find(const Key& key, bool is_size) {
  const auto is_it = [&](const Quantity& one) {
    return one.layer == key.layer && one.output == key.output && one.axis == key.axis &&
           one.name == key.name;
  };
  for (std::size_t i = 0; i < used_; ++i) {
    const std::size_t place = (last_ + i) % used_;
    if (!is_it(quantities_[place])) continue;
    last_ = place;
    return quantities_[place];
  }
  if (used_ == quantities_.size()) quantities_.emplace_back();
  last_ = used_;
  Quantity& one = quantities_[used_++];
  one.layer = key.layer;
  one.output = key.output;
  one.name.assign(key.name);
  one.axis = key.axis;
  one.is_size = is_size;
  one.slices.clear();
  return one;
}

void InnerRecorder::size(const Key& key, std::size_t index, const MeanSquare& slice) {
  std::vector<MeanSquare>& slices = find(key, true).slices;
  if (slices.size() <= index) slices.resize(index + 1);
  slices[index].merge(slice);
}

void InnerRecorder::values(const Key& key, std::span<const double> numbers) {
  std::vector<MeanSquare>& slices = find(key, false).slices;
  if (slices.size() < numbers.size()) slices.resize(numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    slices[i].count += 1;
    slices[i].log2_rms += numbers[i];
  }
}

void InnerRecorder::finish(std::vector<InnerRecord>& records) const {
  records.resize(used_);
  for (std::size_t i = 0; i < used_; ++i) {
    const Quantity& from = quantities_[i];
    InnerRecord& to = records[i];
    to.layer = from.layer;
    to.output = from.output;
    to.name.assign(from.name);
    to.axis = from.axis;
    to.values.clear();
    for (const MeanSquare& slice : from.slices) {
      const double value = slice.count == 0 ? std::numeric_limits<double>::quiet_NaN()
                           : from.is_size   ? slice.log2_rms
                                            : slice.log2_rms / slice.count;
      to.values.push_back(static_cast<float>(value));
    }
  }
}

}  // namespace plumb
