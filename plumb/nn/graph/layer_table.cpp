// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/layer_table.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "plumb/nn/layers/activation.h"
#include "plumb/nn/layers/avgpool.h"
#include "plumb/nn/layers/batch_norm.h"
#include "plumb/nn/layers/conv.h"
#include "plumb/nn/layers/dense.h"
#include "plumb/nn/layers/dropout.h"
#include "plumb/nn/layers/flatten.h"
#include "plumb/nn/layers/gap.h"
#include "plumb/nn/layers/group_norm.h"
#include "plumb/nn/layers/last.h"
#include "plumb/nn/layers/maxpool.h"
#include "plumb/nn/layers/prelu.h"
#include "plumb/nn/layers/row_norm.h"
#include "plumb/nn/layers/softmax.h"
#include "plumb/nn/recurrent/recurrent_start.h"
#include "plumb/nn/spec/nearest.h"
#include "plumb/nn/spec/presets.h"

namespace plumb {

namespace {

constexpr LayerEntry kBeforeActivations[] = {
    {"dense", "linear fc", "dense UNITS [bias=BOOL]", "y = x weight^T + bias", make_dense},
    {"conv", "conv2d", "conv CHANNELS KxK [stride=1] [pad=SAME] [groups=1] [bias=BOOL]",
     "2-D convolution; pad is (K-1)/2 by default", make_conv},
    {"maxpool", "max_pool maxpool2d", "maxpool K [stride=K] [pad=0]", "maximum over KxK windows",
     make_maxpool},
    {"avgpool", "avg_pool avgpool2d", "avgpool K [stride=K] [pad=0]", "mean over KxK windows",
     make_avgpool},
    {"gap", "global_avg_pool", "gap", "mean of each channel over the whole image", make_gap},
    {"flatten", "", "flatten", "each sample as one row", make_flatten},
    {"dropout", "", "dropout P", "zeroes a fraction P in training, scales the rest by 1/(1-P)",
     make_dropout},
};

constexpr LayerEntry kAfterActivations[] = {
    {"softmax", "", "softmax", "y = e^x / sum of e^x over the features", make_softmax},
    {"bn", "batch_norm batchnorm batchnorm1d batchnorm2d",
     "bn [eps=1e-5] [momentum=0.1] [affine=BOOL]",
     "each feature or channel normalised over the batch", make_batch_norm},
    {"ln", "layer_norm layernorm", "ln [eps=1e-5] [affine=BOOL]",
     "each sample (of a sequence: each time step) normalised by itself", make_layer_norm},
    {"rmsnorm", "rms_norm", "rmsnorm [eps=1e-5] [affine=BOOL]",
     "each sample divided by its root mean square", make_rms_norm},
    {"gn", "group_norm groupnorm", "gn GROUPS [eps=1e-5] [affine=BOOL]",
     "each sample normalised in groups of channels", make_group_norm},
    {"rnn", "", "rnn HIDDEN [irnn] [act=tanh|relu|sigmoid|identity] [OPTION...]",
     "h_t = f(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh), on [steps, features]", make_rnn},
    {"lstm", "", "lstm HIDDEN [forget_bias=V | chrono=STEPS] [OPTION...]",
     "long short-term memory; OPTION: bidirectional, bptt=K, bias=BOOL, recurrent=INIT, gain=G, "
     "zero_bias",
     make_lstm},
    {"gru", "", "gru HIDDEN [chrono=STEPS] [OPTION...]", "gated recurrent unit", make_gru},
    {"last", "", "last", "the last step of a sequence", make_last},
};

/// The slope of prelu is a parameter: a layer of its own.
LayerFactory factory_of(const ActivationRow& row) {
  return row.name == "prelu" ? make_prelu : make_activation;
}

std::vector<LayerEntry> all_layers() {
  std::vector<LayerEntry> all(std::begin(kBeforeActivations), std::end(kBeforeActivations));
  for (const ActivationRow& row : activation_table()) {
    all.push_back({row.name, row.alias, row.usage, row.summary, factory_of(row)});
  }
  all.insert(all.end(), std::begin(kAfterActivations), std::end(kAfterActivations));
  return all;
}

}  // namespace

std::span<const LayerEntry> layer_table() {
  static const std::vector<LayerEntry> all = all_layers();
  return all;
}

namespace {

std::vector<std::string_view> words_of(std::string_view list) {
  std::vector<std::string_view> words;
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(' ', begin), list.size());
    if (end > begin) words.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

/// Errors  SpecError for a word that nothing is called by.
const LayerEntry& find_layer(const std::string& text, const SpecItem& item) {
  std::vector<std::string_view> names;
  for (const LayerEntry& entry : layer_table()) {
    const auto aliases = words_of(entry.alias);
    if (item.name.text == entry.name || std::ranges::count(aliases, item.name.text) > 0) {
      return entry;
    }
    names.push_back(entry.name);
    names.insert(names.end(), aliases.begin(), aliases.end());
  }
  for (const PresetEntry& preset : preset_table()) names.push_back(preset.name);
  const std::string hint = did_you_mean(item.name.text, names);
  if (!hint.empty()) {
    throw_spec_error(text, item.name.column, "unknown layer '" + item.name.text + "'" + hint);
  }
  names.clear();
  for (const LayerEntry& entry : layer_table()) names.push_back(entry.name);
  for (const PresetEntry& preset : preset_table()) names.push_back(preset.name);
  throw_spec_error(text, item.name.column,
                   "unknown layer '" + item.name.text + "', expected " + join_names(names));
}

void check_names_of(const std::string& text, const std::vector<SpecItem>& items) {
  for (const SpecItem& item : items) {
    if (item.kind == SpecItem::Kind::layer) find_layer(text, item);
    check_names_of(text, item.children);
  }
}

}  // namespace

void check_names(const Spec& spec) { check_names_of(spec.text, spec.items); }

std::unique_ptr<Layer> make_layer(const std::string& text, const SpecItem& item, const Shape& x,
                                  DType dtype, std::uint64_t seed, const std::string& path) {
  SpecArguments arguments(text, item);
  const LayerEntry& entry = find_layer(text, item);
  LayerRequest request{arguments, x, dtype, seed, path};
  return entry.make(request);
}

}  // namespace plumb
