// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/layer_table.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "plumb/core/error.h"
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
#include "plumb/nn/spec/join_names.h"
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

bool is_called(const LayerEntry& entry, std::string_view name) {
  return name == entry.name || std::ranges::count(words_of(entry.alias), name) > 0;
}

const LayerEntry* find(std::span<const LayerEntry> entries, std::string_view name) {
  const auto found = std::ranges::find_if(
      entries, [&](const LayerEntry& entry) { return is_called(entry, name); });
  return found == entries.end() ? nullptr : &*found;
}

std::vector<std::string_view> names_of(std::span<const LayerEntry> entries, bool with_aliases) {
  std::vector<std::string_view> names;
  for (const LayerEntry& entry : entries) {
    names.push_back(entry.name);
    if (!with_aliases) continue;
    const auto aliases = words_of(entry.alias);
    names.insert(names.end(), aliases.begin(), aliases.end());
  }
  return names;
}

std::vector<std::string_view> all_names(std::span<const LayerEntry> own, bool with_aliases) {
  auto names = names_of(layer_table(), with_aliases);
  const auto others = names_of(own, with_aliases);
  names.insert(names.end(), others.begin(), others.end());
  for (const PresetEntry& preset : preset_table()) names.push_back(preset.name);
  return names;
}

/// Errors  SpecError for a word that nothing is called by.
const LayerEntry& find_layer(const std::string& text, const SpecItem& item,
                             std::span<const LayerEntry> own) {
  const std::string& name = item.name.text;
  if (const LayerEntry* entry = find(layer_table(), name)) return *entry;
  if (const LayerEntry* entry = find(own, name)) return *entry;
  const std::string hint = did_you_mean(name, all_names(own, true));
  throw_spec_error(text, item.name.column,
                   "unknown layer '" + name + "'" +
                       (hint.empty() ? ", expected " + join_names(all_names(own, false)) : hint));
}

void check_names_of(const std::string& text, const std::vector<SpecItem>& items,
                    std::span<const LayerEntry> own) {
  for (const SpecItem& item : items) {
    if (item.kind == SpecItem::Kind::layer) find_layer(text, item, own);
    check_names_of(text, item.children, own);
  }
}

}  // namespace

void require_free_names(std::span<const LayerEntry> own) {
  for (std::size_t i = 0; i < own.size(); ++i) {
    for (const std::string_view name : names_of(own.subspan(i, 1), true)) {
      const bool is_preset = std::ranges::count(preset_table(), name, &PresetEntry::name) > 0;
      if (find(layer_table(), name) == nullptr && find(own.first(i), name) == nullptr &&
          !is_preset && !is_join_name(name)) {
        continue;
      }
      throw UsageError("own layer '" + std::string(name) +
                       "': the name is taken, expected one that nothing else is called by");
    }
  }
}

void check_names(const Spec& spec, std::span<const LayerEntry> own) {
  require_free_names(own);
  check_names_of(spec.text, spec.items, own);
}

std::unique_ptr<Layer> make_layer(const std::string& text, const SpecItem& item, const Shape& x,
                                  DType dtype, std::uint64_t seed, const std::string& path,
                                  std::span<const LayerEntry> own) {
  SpecArguments arguments(text, item);
  const LayerEntry& entry = find_layer(text, item, own);
  LayerRequest request{arguments, x, dtype, seed, path};
  return entry.make(request);
}

}  // namespace plumb
