// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "plumb/core/names.h"
#include "plumb/cure/rewrite.h"
#include "plumb/cure/rewrites/activation.h"
#include "plumb/cure/rewrites/depth.h"
#include "plumb/cure/rewrites/dropout.h"
#include "plumb/cure/rewrites/inputs.h"
#include "plumb/cure/rewrites/normalise.h"
#include "plumb/cure/rewrites/output.h"
#include "plumb/cure/rewrites/recurrent.h"
#include "plumb/cure/rewrites/residual.h"
#include "plumb/cure/rewrites/start.h"
#include "plumb/cure/rewrites/tailored.h"
#include "plumb/cure/rewrites/trainer_settings.h"

namespace plumb {

namespace {

constexpr std::string_view kGroups[] = {"init",     "activation", "joins",   "norm", "depth",
                                        "gates",    "output",     "data",    "rate", "optimiser",
                                        "clipping", "decay",      "dropout", "batch"};
static_assert(std::size(kGroups) == static_cast<std::size_t>(CureGroup::batch) + 1);

using G = CureGroup;

constexpr RewriteEntry kRewrites[] = {
    {"initialise", G::init, "the critical gain of the activation, or a scheme and gain", 2,
     initialise_critically},
    {"random_start", G::init, "glorot_normal, biases 0", 2, start_randomly},
    {"orthogonal_start", G::init, "orthogonal weights at the critical gain", 2, start_orthogonally},
    {"fixup", G::init, "the start of residual networks without normalisation", 2, start_with_fixup},
    {"fresh_weights", G::init, "a start of its own in the place of weights from a file", 2,
     start_afresh},
    {"set_bias", G::init, "biases start at a value, 0 by default", 2, start_biases},
    {"zero_branch_end", G::init, "residual branches start at zero (rezero)", 2,
     start_branches_at_zero},
    {"replace_activation", G::activation, "another activation, with its critical start", 4,
     replace_activation},
    {"tailored_activation", G::activation,
     "leaky_relu of a slope solved for the depth, orthogonal start", 4, tailor_activation},
    {"remove_softmax", G::activation, "no softmax between hidden layers", 4, remove_hidden_softmax},
    {"insert_activation", G::activation, "relu between linear layers that have none", 4,
     insert_activation},
    {"add_residual", G::joins, "a scaled shortcut around every layer that keeps its width", 4,
     add_residual},
    {"scale_branch", G::joins, "residual branches times 1/sqrt(blocks)", 2, scale_branches},
    {"add_normalisation", G::norm, "batch or layer normalisation behind every hidden linear layer",
     4, add_normalisation},
    {"normalise_before", G::norm, "normalisation in front of residual branches, not behind blocks",
     4, normalise_before},
    {"usual_statistics", G::norm, "batch normalisation with the usual momentum and eps", 1,
     usual_statistics},
    {"larger_groups", G::norm, "group normalisation of all channels at once", 1, enlarge_groups},
    {"drop_normalisation", G::norm, "no batch normalisation", 4, drop_normalisation},
    {"fewer_layers", G::depth, "half of the longest repeat", 4, fewer_layers},
    {"widen", G::depth, "hidden layers as wide as the widest one", 4, widen},
    {"open_gate", G::gates, "forget or update gates that start open", 2, open_gates},
    {"gated_cell", G::gates, "lstm or gru in the place of rnn", 4, use_gated_cell},
    {"orthogonal_recurrence", G::gates, "recurrent weights start orthogonally", 2,
     start_recurrence_orthogonally},
    {"identity_recurrence", G::gates, "relu with the identity as recurrent weight", 4,
     start_recurrence_as_identity},
    {"whole_sequence", G::gates, "no truncation of the gradient through time", 1,
     remove_truncation},
    {"bare_output", G::output, "no activation between the last linear layer and the loss", 4,
     remove_output_activation},
    {"more_outputs", G::output, "as many outputs as are asked for", 4, enlarge_output},
    {"scale_inputs", G::data, "columns of mean 0 and deviation 1", 3, standardise_inputs},
    {"set_rate", G::rate, "another learning rate", 1, set_rate},
    {"warm_up", G::rate, "the rate rises over the first steps", 1, warm_up},
    {"constant_rate", G::rate, "the rate stays what it is", 1, use_constant_rate},
    {"short_warm_up", G::rate, "warm-up over a twentieth of the training", 1, shorten_warm_up},
    {"adam", G::optimiser, "adam at its usual rate", 3, use_adam},
    {"usual_optimiser", G::optimiser, "momentum, beta and eps at their usual values", 1,
     usual_optimiser},
    {"clip_norm", G::clipping, "the gradient's norm clipped at its usual size", 1, clip_gradient},
    {"no_clipping", G::clipping, "no clipping", 1, remove_clipping},
    {"lower_weight_decay", G::decay, "little or no weight decay", 1, lower_weight_decay},
    {"lower_dropout", G::dropout, "dropout of at most 0.2", 4, lower_dropout},
    {"larger_batch", G::batch, "at least 32 samples a step", 1, enlarge_batch},
    {"shuffle", G::batch, "a new order of the samples each epoch", 1, shuffle_samples},
};

}  // namespace

std::string_view to_string(CureGroup group) { return name_of(group, kGroups); }
std::optional<CureGroup> parse_cure_group(std::string_view text) {
  return value_named<CureGroup>(text, kGroups);
}
std::span<const std::string_view> cure_group_names() { return kGroups; }
bool changes_reach(CureGroup group) {
  return group == G::init || group == G::activation || group == G::joins || group == G::norm;
}

std::span<const RewriteEntry> rewrite_table() { return kRewrites; }

const RewriteEntry* find_rewrite(std::string_view id) {
  const auto it = std::find_if(std::begin(kRewrites), std::end(kRewrites),
                               [&](const RewriteEntry& entry) { return entry.id == id; });
  return it == std::end(kRewrites) ? nullptr : &*it;
}

namespace {
template <class T>
const T* argument(const CureArguments& arguments, std::string_view name) {
  for (const auto& [key, value] : arguments) {
    if (key == name) return std::get_if<T>(&value);
  }
  return nullptr;
}
}  // namespace

const double* number_of(const CureArguments& arguments, std::string_view name) {
  return argument<double>(arguments, name);
}

const std::string* text_of(const CureArguments& arguments, std::string_view name) {
  return argument<std::string>(arguments, name);
}

}  // namespace plumb
