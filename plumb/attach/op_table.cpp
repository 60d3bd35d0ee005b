// SPDX-License-Identifier: Apache-2.0
#include "plumb/attach/op_table.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <initializer_list>
#include <vector>

namespace plumb {

namespace {

struct Names {
  OpRole role;
  LayerFamily family;
  std::initializer_list<std::string_view> names;
};

using enum OpRole;
using enum LayerFamily;

const Names kNames[] = {
    {plumbing,
     shape,
     {"view",
      "reshape",
      "transpose",
      "t",
      "permute",
      "expand",
      "expand_as",
      "clone",
      "squeeze",
      "unsqueeze",
      "alias",
      "select",
      "slice",
      "split",
      "split_with_sizes",
      "chunk",
      "tensor_split",
      "unbind",
      "as_strided",
      "to",
      "_to_copy",
      "type_as",
      "contiguous",
      "copy",
      "unfold",
      "narrow",
      "repeat",
      "flip",
      "roll",
      "index",
      "index_select",
      "movedim",
      "swapaxes",
      "diagonal",
      "view_as",
      "reshape_as",
      "_reshape_alias",
      "_unsafe_view",
      "ravel",
      "adjoint",
      "mT",
      "numpy_T",
      "constant_pad_nd",
      "pad",
      "detach",
      "requires_grad_"}},
    {layer, shape, {"flatten", "unflatten", "pixel_shuffle", "pixel_unshuffle"}},
    {product,
     linear,
     {"linear", "addmm", "mm", "matmul", "bmm", "baddbmm", "addbmm", "einsum", "conv1d", "conv2d",
      "conv3d", "convolution", "_convolution", "conv_transpose1d", "conv_transpose2d",
      "conv_transpose3d", "tensordot", "mv", "addmv"}},
    {layer, activation, {"relu",        "relu6", "leaky_relu", "elu",       "celu",
                         "selu",        "gelu",  "silu",       "mish",      "softplus",
                         "sigmoid",     "tanh",  "hardtanh",   "hardswish", "hardsigmoid",
                         "log_sigmoid", "prelu", "rrelu",      "threshold", "softshrink",
                         "hardshrink"}},
    {layer,
     normalisation,
     {"batch_norm", "native_batch_norm", "layer_norm", "native_layer_norm", "group_norm",
      "native_group_norm", "instance_norm", "rms_norm", "_batch_norm_impl_index",
      "local_response_norm"}},
    {layer,
     dropout,
     {"dropout", "native_dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"}},
    {layer, embedding, {"embedding", "embedding_bag", "_embedding_bag"}},
    {layer,
     pooling,
     {"max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d",
      "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d",
      "adaptive_max_pool2d", "adaptive_max_pool3d", "max_pool2d_with_indices",
      "fractional_max_pool2d"}},
    {part, pooling, {"mean", "sum", "amax", "max", "amin", "min"}},
    {layer,
     recurrent,
     {"lstm", "gru", "rnn_tanh", "rnn_relu", "lstm_cell", "gru_cell", "rnn_tanh_cell",
      "rnn_relu_cell"}},
    {layer,
     attention,
     {"scaled_dot_product_attention", "_scaled_dot_product_attention",
      "_scaled_dot_product_flash_attention", "_native_multi_head_attention"}},
    {loss,
     other,
     {"log_softmax", "cosine_embedding_loss", "margin_ranking_loss", "triplet_margin_loss",
      "ctc_loss", "poisson_nll_loss", "hinge_embedding_loss", "soft_margin_loss",
      "multi_margin_loss", "multilabel_margin_loss"}},
};

struct Loss {
  std::string_view name, loss;
};
constexpr Loss kLosses[] = {
    {"cross_entropy_loss", "cross_entropy"},
    {"nll_loss", "cross_entropy"},
    {"nll_loss2d", "cross_entropy"},
    {"nll_loss_nd", "cross_entropy"},
    {"mse_loss", "mse"},
    {"l1_loss", "l1"},
    {"smooth_l1_loss", "smooth_l1"},
    {"huber_loss", "huber"},
    {"binary_cross_entropy", "binary_cross_entropy_of_probabilities"},
    {"binary_cross_entropy_with_logits", "binary_cross_entropy"},
    {"kl_div", "kl_div"},
};

std::vector<OpKind> sorted_table() {
  std::vector<OpKind> table;
  for (const Names& row : kNames) {
    for (const std::string_view name : row.names) table.push_back({name, row.role, row.family});
  }
  for (const Loss& row : kLosses) table.push_back({row.name, loss, other, row.loss});
  std::sort(table.begin(), table.end(),
            [](const OpKind& a, const OpKind& b) { return a.name < b.name; });
  return table;
}

std::string number(double value) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%g", value);
  return text.data();
}

}  // namespace

OpKind op_kind(std::string_view name) {
  static const std::vector<OpKind> table = sorted_table();
  const auto found = std::lower_bound(
      table.begin(), table.end(), name,
      [](const OpKind& kind, std::string_view wanted) { return kind.name < wanted; });
  if (found != table.end() && found->name == name) return *found;
  return {name, part, other};
}

std::string activation_function(std::string_view name, std::span<const double> numbers,
                                std::string_view word) {
  const auto at = [&](std::size_t i, double otherwise) {
    return i < numbers.size() ? numbers[i] : otherwise;
  };
  for (const std::string_view same :
       {"relu", "relu6", "selu", "silu", "mish", "sigmoid", "tanh", "hardswish"}) {
    if (name == same) return std::string(name);
  }
  if (name == "leaky_relu") return "leaky_relu " + number(at(0, 0.01));
  if (name == "celu") return "celu " + number(at(0, 1));
  if (name == "elu") return at(1, 1) == 1 && at(2, 1) == 1 ? "elu " + number(at(0, 1)) : "";
  if (name == "gelu") return word == "tanh" ? "gelu approximate=tanh" : "gelu";
  if (name == "hardtanh") {
    const double low = at(0, -1), high = at(1, 1);
    if (low == 0 && high == 6) return "relu6";
    return "hardtanh " + number(low) + " " + number(high);
  }
  if (name == "softplus") return at(0, 1) == 1 ? "softplus" : "";
  if (name == "threshold") return at(0, 1) == 0 && at(1, 1) == 0 ? "relu" : "";
  return "";
}

}  // namespace plumb
