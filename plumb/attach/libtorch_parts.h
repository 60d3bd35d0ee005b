// SPDX-License-Identifier: Apache-2.0
// What plumb/attach/libtorch.h reads of torch's objects. Header only: plumb itself links no torch.
#pragma once

#include <ATen/record_function.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/optim.h>

#include <cstddef>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "plumb/attach/libtorch_observer.h"
#include "plumb/attach/op_graph.h"
#include "plumb/attach/op_table.h"
#include "plumb/core/strided_view.h"
#include "plumb/record/optimiser_info.h"

namespace plumb::attach::detail {

/// The tensor where it lies; nullopt of what is not dense numbers of floating point in this
/// machine's memory.
inline std::optional<StridedView> view_of(const at::Tensor& tensor) {
  if (!tensor.defined() || !tensor.device().is_cpu() || tensor.layout() != at::kStrided ||
      tensor.is_neg() || tensor.dim() > StridedView::kMaxRank || !tensor.has_storage()) {
    return std::nullopt;
  }
  StridedView view;
  switch (tensor.scalar_type()) {
    case at::kHalf: view.type = ElementType::f16; break;
    case at::kBFloat16: view.type = ElementType::bf16; break;
    case at::kFloat: view.type = ElementType::f32; break;
    case at::kDouble: view.type = ElementType::f64; break;
    default: return std::nullopt;
  }
  view.data = tensor.unsafeGetTensorImpl()->data();
  if (view.data == nullptr) return std::nullopt;
  view.rank = static_cast<int>(tensor.dim());
  for (int i = 0; i < view.rank; ++i) {
    view.sizes[static_cast<std::size_t>(i)] = tensor.size(i);
    view.strides[static_cast<std::size_t>(i)] = tensor.stride(i);
  }
  return view;
}

/// "torch::nn::LinearImpl" as "Linear".
inline std::string short_kind(std::string name) {
  if (const std::size_t at = name.rfind("::"); at != std::string::npos) name = name.substr(at + 2);
  if (name.size() > 4 && name.ends_with("Impl")) name.resize(name.size() - 4);
  return name;
}

inline ModuleFacts facts_of(const std::string& path, const torch::nn::Module& module) {
  std::ostringstream text;
  module.pretty_print(text);
  ModuleFacts facts;
  facts.path = path;
  facts.kind = short_kind(module.name());
  facts.text = text.str();
  facts.text = facts.text.substr(0, facts.text.find('\n'));
  if (constexpr std::string_view ours = "torch::nn::"; facts.text.starts_with(ours)) {
    facts.text = facts.text.substr(ours.size());
  }
  facts.is_sequential = dynamic_cast<const torch::nn::SequentialImpl*>(&module) != nullptr;
  facts.has_parameters = !module.parameters().empty();
  return facts;
}

inline std::vector<ModuleFacts> modules_of(const torch::nn::Module& model) {
  std::vector<ModuleFacts> found{facts_of("", model)};
  for (const auto& one : model.named_modules("", /*include_self=*/false)) {
    found.push_back(facts_of(one.key(), *one.value()));
  }
  return found;
}

struct NamedTensor {
  std::string path;
  at::Tensor tensor;
};

/// Each once, by its first name.
inline std::vector<NamedTensor> params_of(const torch::nn::Module& model) {
  std::vector<NamedTensor> found;
  std::unordered_set<const void*> seen;
  for (const auto& one : model.named_parameters()) {
    if (one.value().defined() && seen.insert(one.value().unsafeGetTensorImpl()).second) {
      found.push_back({one.key(), one.value()});
    }
  }
  return found;
}

/// Of a parameter that requires no gradient, or that the optimiser does not have.
inline std::vector<ParamFacts> param_facts(const std::vector<NamedTensor>& params,
                                           const torch::optim::Optimizer* optimizer) {
  std::unordered_set<const void*> trained;
  if (optimizer != nullptr) {
    for (const auto& group : optimizer->param_groups()) {
      for (const at::Tensor& one : group.params()) trained.insert(one.unsafeGetTensorImpl());
    }
  }
  std::vector<ParamFacts> found;
  for (const NamedTensor& one : params) {
    const bool is_trained =
        optimizer == nullptr || trained.count(one.tensor.unsafeGetTensorImpl()) > 0;
    found.push_back(
        {one.path, one.tensor.sizes().vec(), !one.tensor.requires_grad() || !is_trained});
  }
  return found;
}

inline std::optional<OptimiserInfo> optimiser_info(const torch::optim::Optimizer& optimizer) {
  if (optimizer.param_groups().empty() || !optimizer.param_groups()[0].has_options()) return {};
  const torch::optim::OptimizerOptions& options = optimizer.param_groups()[0].options();
  OptimiserInfo info;
  const auto adam = [&](const auto& of) {
    info.momentum = std::get<0>(of.betas());
    info.beta2 = std::get<1>(of.betas());
    info.eps = of.eps();
    info.weight_decay = of.weight_decay();
  };
  if (const auto* sgd = dynamic_cast<const torch::optim::SGDOptions*>(&options)) {
    info.kind = "sgd";
    info.momentum = sgd->momentum();
    info.nesterov = sgd->nesterov();
    info.weight_decay = sgd->weight_decay();
  } else if (const auto* plain = dynamic_cast<const torch::optim::AdamOptions*>(&options)) {
    info.kind = "adam";
    adam(*plain);
  } else if (const auto* decoupled = dynamic_cast<const torch::optim::AdamWOptions*>(&options)) {
    info.kind = "adamw";
    info.is_decay_decoupled = true;
    adam(*decoupled);
  } else if (const auto* rmsprop = dynamic_cast<const torch::optim::RMSpropOptions*>(&options)) {
    info.kind = "rmsprop";
    info.momentum = rmsprop->momentum();
    info.beta2 = rmsprop->alpha();
    info.eps = rmsprop->eps();
    info.weight_decay = rmsprop->weight_decay();
  } else if (const auto* adagrad = dynamic_cast<const torch::optim::AdagradOptions*>(&options)) {
    info.kind = "adagrad";
    info.eps = adagrad->eps();
    info.weight_decay = adagrad->weight_decay();
  } else {
    return {};
  }
  info.learning_rate = options.get_lr();
  return info;
}

/// "aten::relu_" as "relu".
inline std::string_view plain_name(std::string_view name) {
  if (const std::size_t at = name.rfind("::"); at != std::string_view::npos)
    name.remove_prefix(at + 2);
  if (name.size() > 1 && name.ends_with("_")) name.remove_suffix(1);
  return name;
}

/// What the arguments of an operation say of it beside its tensors.
inline OpEvent describe_call(const at::RecordFunction& call) {
  OpEvent event;
  event.name = plain_name(call.name());
  std::vector<double> numbers;
  std::vector<bool> switches;
  std::string word;
  for (const c10::IValue& one : inputs_of(call)) {
    if (one.isDouble()) numbers.push_back(one.toDouble());
    if (one.isInt()) numbers.push_back(static_cast<double>(one.toInt()));
    if (one.isBool()) switches.push_back(one.toBool());
    if (one.isString() && word.empty()) word = one.toStringRef();
  }
  const OpKind kind = op_kind(event.name);
  event.transposed = event.name.starts_with("conv_transpose");
  if (kind.family == LayerFamily::activation) {
    event.function = activation_function(event.name, numbers, word);
  }
  if (event.name == "batch_norm" && !numbers.empty() && inputs_of(call).size() > 3 &&
      inputs_of(call)[3].isTensor() && inputs_of(call)[3].toTensor().defined()) {
    event.running_momentum = numbers[0];
  }
  // (..., has_biases, train, bidirectional, batch_first); packed sequences have no last one.
  if (kind.family == LayerFamily::recurrent)
    event.batch_first = switches.size() == 4 && switches[3];
  return event;
}

}  // namespace plumb::attach::detail
