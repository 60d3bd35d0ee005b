// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layer_table.h"

#include <array>
#include <vector>

#include "plumb/nn/avgpool.h"
#include "plumb/nn/batch_norm.h"
#include "plumb/nn/conv.h"
#include "plumb/nn/dense.h"
#include "plumb/nn/dropout.h"
#include "plumb/nn/elu.h"
#include "plumb/nn/flatten.h"
#include "plumb/nn/gap.h"
#include "plumb/nn/gelu.h"
#include "plumb/nn/group_norm.h"
#include "plumb/nn/hardtanh.h"
#include "plumb/nn/identity.h"
#include "plumb/nn/last.h"
#include "plumb/nn/leaky_relu.h"
#include "plumb/nn/maxpool.h"
#include "plumb/nn/prelu.h"
#include "plumb/nn/recurrent_start.h"
#include "plumb/nn/relu.h"
#include "plumb/nn/row_norm.h"
#include "plumb/nn/selu.h"
#include "plumb/nn/sigmoid.h"
#include "plumb/nn/silu.h"
#include "plumb/nn/softplus.h"
#include "plumb/nn/softsign.h"
#include "plumb/nn/spec/nearest.h"
#include "plumb/nn/spec/presets.h"
#include "plumb/nn/tanh.h"

namespace plumb {

namespace {

constexpr LayerEntry kLayers[] = {
    {"dense", "linear", "dense UNITS [bias=BOOL]", "y = x weight^T + bias", make_dense},
    {"conv", "", "conv CHANNELS KxK [stride=1] [pad=SAME] [groups=1] [bias=BOOL]",
     "2-D convolution; pad is (K-1)/2 by default", make_conv},
    {"maxpool", "", "maxpool K [stride=K] [pad=0]", "maximum over KxK windows", make_maxpool},
    {"avgpool", "", "avgpool K [stride=K] [pad=0]", "mean over KxK windows", make_avgpool},
    {"gap", "", "gap", "mean of each channel over the whole image", make_gap},
    {"flatten", "", "flatten", "each sample as one row", make_flatten},
    {"dropout", "", "dropout P", "zeroes a fraction P in training, scales the rest by 1/(1-P)",
     make_dropout},
    {"identity", "", "identity", "y = x", make_identity},
    {"sigmoid", "logistic", "sigmoid", "y = 1 / (1 + e^-x)", make_sigmoid},
    {"tanh", "", "tanh", "y = tanh(x)", make_tanh},
    {"relu", "", "relu", "y = max(0, x)", make_relu},
    {"leaky_relu", "", "leaky_relu [SLOPE=0.01]", "y = x for x > 0, SLOPE x otherwise",
     make_leaky_relu},
    {"prelu", "", "prelu", "leaky_relu with one learned slope, 0.25 at the start", make_prelu},
    {"elu", "", "elu [ALPHA=1]", "y = x for x > 0, ALPHA (e^x - 1) otherwise", make_elu},
    {"selu", "", "selu", "elu, scaled to be self-normalising", make_selu},
    {"gelu", "", "gelu [approximate=none|tanh]", "y = x Phi(x)", make_gelu},
    {"silu", "swish", "silu", "y = x sigmoid(x)", make_silu},
    {"softplus", "", "softplus", "y = log(1 + e^x)", make_softplus},
    {"softsign", "", "softsign", "y = x / (1 + |x|)", make_softsign},
    {"hardtanh", "", "hardtanh [MIN MAX]", "y = x clamped to [MIN, MAX], by default [-1, 1]",
     make_hardtanh},
    {"bn", "batch_norm", "bn [eps=1e-5] [momentum=0.1] [affine=BOOL]",
     "each feature or channel normalised over the batch", make_batch_norm},
    {"ln", "layer_norm", "ln [eps=1e-5] [affine=BOOL]",
     "each sample (of a sequence: each time step) normalised by itself", make_layer_norm},
    {"rmsnorm", "rms_norm", "rmsnorm [eps=1e-5] [affine=BOOL]",
     "each sample divided by its root mean square", make_rms_norm},
    {"gn", "group_norm", "gn GROUPS [eps=1e-5] [affine=BOOL]",
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

}  // namespace

std::span<const LayerEntry> layer_table() { return kLayers; }

std::unique_ptr<Layer> make_layer(const std::string& text, const SpecItem& item, const Shape& x,
                                  DType dtype, std::uint64_t seed, const std::string& path) {
  std::vector<std::string_view> names;
  for (const LayerEntry& entry : kLayers) {
    if (item.name.text == entry.name || (!entry.alias.empty() && item.name.text == entry.alias)) {
      SpecArguments arguments(text, item);
      LayerRequest request{arguments, x, dtype, seed, path};
      return entry.make(request);
    }
    names.push_back(entry.name);
    if (!entry.alias.empty()) names.push_back(entry.alias);
  }
  for (const PresetEntry& preset : preset_table()) names.push_back(preset.name);
  const std::string hint = did_you_mean(item.name.text, names);
  throw_spec_error(text, item.name.column,
                   "unknown layer '" + item.name.text + "'" +
                       (hint.empty() ? ", expected " + join_names(names) : hint));
}

}  // namespace plumb
