// SPDX-License-Identifier: Apache-2.0
#include "plumb/record/finding_kinds.h"

#include "plumb/core/names.h"

namespace plumb {

namespace {

constexpr std::string_view kQuantities[] = {"count",
                                            "flow_log2",
                                            "flow_log2_per_layer",
                                            "layers_crossed",
                                            "recurrence_log2",
                                            "mean_log2_gain",
                                            "mean_log2_derivative",
                                            "usual_log2_derivative",
                                            "max_log2_derivative",
                                            "critical_gain",
                                            "derivative_log2",
                                            "weight_log2",
                                            "together_log2_per_layer",
                                            "residual_log2_per_block",
                                            "residual_blocks",
                                            "normalisation_log2_per_layer",
                                            "normalisations",
                                            "learning_log2",
                                            "own_gradient_log2",
                                            "weight_rms_log2",
                                            "gradient_norm_growth_log2",
                                            "first_gradient_norm",
                                            "loss_then",
                                            "loss_at_first",
                                            "loss_at_last",
                                            "learning_rate",
                                            "clip_factor",
                                            "update_log2",
                                            "median_update_log2",
                                            "largest_at_step",
                                            "layers_affected",
                                            "layers_judged",
                                            "pace_log2",
                                            "relative_pace_log2",
                                            "fastest_pace_log2",
                                            "dead_fraction",
                                            "dead_fraction_rise",
                                            "dead_fraction_at_first",
                                            "dead_units",
                                            "units",
                                            "window_samples",
                                            "saturated_fraction",
                                            "worst_saturated_fraction",
                                            "z_rms",
                                            "x_rms",
                                            "gain",
                                            "duplicate_units",
                                            "nonfinite_count",
                                            "value_count",
                                            "nonfinite_steps",
                                            "largest_log2",
                                            "last_finite_step",
                                            "nonfinite_loss_step",
                                            "shown_at_step",
                                            "finite_loss_step",
                                            "time_kept_log2",
                                            "time_steps_per_efold",
                                            "time_steps",
                                            "time_steps_crossed",
                                            "time_per_step_log2",
                                            "time_ends_at",
                                            "nothing_back_from",
                                            "memory_steps",
                                            "gate_mean",
                                            "gate_flat_fraction",
                                            "gate_carry_log2_per_step",
                                            "gate_paths_log2_per_step",
                                            "recurrent_derivative_log2_per_step",
                                            "recurrent_weight_log2_per_step",
                                            "recurrent_alignment_log2_per_step",
                                            "gate"};
static_assert(std::size(kQuantities) == static_cast<std::size_t>(Quantity::gate) + 1);

constexpr std::string_view kCauseKinds[] = {"unknown",
                                            "activation_derivative",
                                            "weight_scale",
                                            "weights_and_derivatives",
                                            "alignment",
                                            "residual_branch",
                                            "normalisation",
                                            "other_layers",
                                            "single_layer",
                                            "row_normalisation",
                                            "gradient_is_zero",
                                            "zero_weight",
                                            "zero_derivative",
                                            "zero_start",
                                            "zero_rows",
                                            "drift",
                                            "learning_rate",
                                            "weight_decay",
                                            "only_weight_decay",
                                            "died_in_training",
                                            "silent_from_start",
                                            "large_input",
                                            "large_weight",
                                            "large_bias",
                                            "equal_start",
                                            "small_gradient",
                                            "small_rate",
                                            "no_gradient",
                                            "data",
                                            "broken_weight",
                                            "forward_overflow",
                                            "loss_overflow",
                                            "backward_overflow",
                                            "optimiser_overflow",
                                            "not_measured",
                                            "large_gate_input",
                                            "gate_drift",
                                            "gate_carry",
                                            "recurrent_weight",
                                            "recurrent_derivative",
                                            "recurrence",
                                            "truncation"};
static_assert(std::size(kCauseKinds) == static_cast<std::size_t>(CauseKind::truncation) + 1);

constexpr std::string_view kRemedyKinds[] = {"look_closer",
                                             "initialise",
                                             "random_weights",
                                             "orthogonal_start",
                                             "zero_branch_end",
                                             "set_bias",
                                             "replace_activation",
                                             "add_residual",
                                             "scale_branch",
                                             "add_normalisation",
                                             "scale_inputs",
                                             "fewer_layers",
                                             "remove_layer",
                                             "widen",
                                             "lower_rate",
                                             "raise_rate",
                                             "warm_up",
                                             "clip_norm",
                                             "lower_weight_decay",
                                             "lower_dropout",
                                             "adaptive_optimiser",
                                             "raise_eps",
                                             "loss_from_logits",
                                             "check_targets",
                                             "clean_data",
                                             "train_on",
                                             "record_more",
                                             "open_gate",
                                             "gated_cell",
                                             "orthogonal_recurrence",
                                             "identity_recurrence",
                                             "smaller_weights",
                                             "shorten_sequence",
                                             "truncate",
                                             "raise_truncation",
                                             "none_needed"};
static_assert(std::size(kRemedyKinds) == static_cast<std::size_t>(RemedyKind::none_needed) + 1);

}  // namespace

std::string_view to_string(Quantity quantity) { return name_of(quantity, kQuantities); }

std::optional<Quantity> parse_quantity(std::string_view text) {
  return value_named<Quantity>(text, kQuantities);
}

std::string_view to_string(CauseKind kind) { return name_of(kind, kCauseKinds); }

std::optional<CauseKind> parse_cause_kind(std::string_view text) {
  return value_named<CauseKind>(text, kCauseKinds);
}

std::string_view to_string(RemedyKind kind) { return name_of(kind, kRemedyKinds); }

std::optional<RemedyKind> parse_remedy_kind(std::string_view text) {
  return value_named<RemedyKind>(text, kRemedyKinds);
}

}  // namespace plumb
