// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

/// What findings are made of, by name: quantities, causes and remedies. The names are stable and
/// stored; the words for each stand in diagnose/words. A new one is a value here, its name in
/// finding_kinds.cpp and its words.
namespace plumb {

/// A measured quantity. log2 where the name says so; fractions are 0..1.
enum class Quantity : std::uint8_t {
  count,
  // Over depth.
  flow_log2,            ///< norm of one sample's gradient at the place to that at the reference
  flow_log2_per_layer,  ///< the same for one linear layer of those crossed
  layers_crossed,
  recurrence_log2,        ///< of recurrent layers on the way; no part of flow_log2
  mean_log2_gain,         ///< of the weights: log2(rms(weight) sqrt(fan_in)), average
  mean_log2_derivative,   ///< log2 rms f', average
  usual_log2_derivative,  ///< what it is in a healthy layer of the kind
  max_log2_derivative,    ///< log2 sup |f'|
  critical_gain,
  derivative_log2,          ///< what the derivatives did beyond what is usual, in all
  weight_log2,              ///< what the size of the weights did beyond what they should
  together_log2_per_layer,  ///< what weights and derivatives did that are not told apart
  residual_log2_per_block,
  residual_blocks,
  normalisation_log2_per_layer,
  normalisations,     ///< layers of it that undo the size of the weights
  learning_log2,      ///< pace of the place's layer to that of the reference's
  own_gradient_log2,  ///< log2 rms of the weight's own gradient
  weight_rms_log2,
  // One layer beside the others.
  odd_log2,         ///< what the place does to the gradient, to the median of the others
  own_gain_log2,    ///< what the place's weight, f', normalisation or block multiplies by
  usual_gain_log2,  ///< the median of the same of the others
  others,           ///< how many they are
  // Over training.
  gradient_norm_growth_log2,  ///< to its median in the first steps
  first_gradient_norm,        ///< that median
  loss_then,
  loss_at_first,
  loss_at_last,
  learning_rate,
  clip_factor,
  clip_value,
  asked_rate,  ///< what the schedule begins from
  warmup_steps,
  eps,
  gradient_rms_log2,  ///< of a weight, as the optimiser gets it
  momentum,
  effective_rate,  ///< the rate over 1 - momentum
  weight_decay,
  decay_fraction,      ///< of a weight that its decay takes in one step
  weight_change_log2,  ///< of the median layer's weight, the last size to the first
  moved_log2,          ///< all steps of the fastest layer together, to its weight
  baseline_accuracy,   ///< of always answering the most frequent class, 0..1
  gained_fraction,     ///< of the way from the baseline to a loss of zero, at the end
  best_loss,           ///< the lowest that the loss was, over a stretch of steps
  best_at_step,
  loss_noise,  ///< standard deviation of the loss from step to step
  steps_taken,
  training_accuracy,  ///< of the batches, at the end
  inference_loss,     ///< of a batch of the training part, as the network answers in use
  inference_accuracy,
  validation_loss,
  validation_accuracy,
  best_validation_loss,
  running_momentum,  ///< of a normalisation's running statistics
  running_memory,    ///< what is left in them of their start, 0..1
  // Updates.
  update_log2,         ///< rms(update) / rms(weight) of the place
  median_update_log2,  ///< of the median layer
  largest_at_step,     ///< the step of the largest
  layers_affected,
  layers_judged,
  pace_log2,           ///< what the loss moves the layer by, relative to its weight
  relative_pace_log2,  ///< to the median layer
  fastest_pace_log2,
  // Data, signal and output.
  input_rms,        ///< of all columns together
  small_input_rms,  ///< the same, where it is too small
  input_mean,
  column_number,  ///< counted from 0
  column_factor,  ///< its rms to the median of the others
  column_mean,
  column_deviation,
  columns_affected,  ///< without any variation
  columns,
  target_rms,
  small_target_rms,
  target_mean,
  target_deviation,
  target_smallest,
  target_largest,
  target_beyond,  ///< beyond the range of the output, in deviations
  output_rms,
  output_low,  ///< end of the range of what an activation gives
  output_high,
  activations_before_loss,
  loss_over_baseline,  ///< the first loss to that of the best constant answer
  baseline_loss,       ///< of the best constant answer (Baseline)
  loss_floor,          ///< the lowest that such outputs can reach
  linear_pairs,        ///< with nothing between them that is not linear
  outputs,
  classes,
  values_normalised,  ///< that share a mean
  dropped_fraction,
  units_left,
  similarity,  ///< mean cosine of two samples (SignalRecord)
  input_similarity,
  directions,      ///< that the samples spread over (SignalRecord)
  few_directions,  ///< the same, of samples that look alike
  directions_before,
  closed_log2,          ///< rms f' to the usual
  shift_in_deviations,  ///< mean of what an activation reads, over its deviation
  bias_mean,
  bias_rms,
  scale_rms,  ///< of a normalisation (gamma)
  // Units.
  dead_fraction,
  dead_fraction_rise,
  dead_fraction_at_first,
  dead_units,
  units,
  window_samples,
  saturated_fraction,
  worst_saturated_fraction,
  z_rms,
  x_rms,
  gain,
  duplicate_units,
  // Number formats.
  underflow_fraction,  ///< of a gradient's values, that float16 rounded to zero
  worst_underflow_fraction,
  loss_scale_log2,  ///< log2 of what the loss was multiplied by
  // Numbers that are none.
  nonfinite_count,
  value_count,
  nonfinite_steps,
  largest_log2,  ///< the largest magnitude, at `place`, in the last finite step
  last_finite_step,
  nonfinite_loss_step,  ///< the first step whose loss is not finite
  shown_at_step,        ///< the measured step that shows the first of them
  finite_loss_step,     ///< that step, where its loss is finite
  // Through time.
  time_kept_log2,
  time_steps_per_efold,
  time_steps,
  time_steps_crossed,
  time_per_step_log2,
  time_ends_at,
  nothing_back_from,  ///< the time step that sends nothing to the one before
  memory_steps,
  gate_mean,
  gate_flat_fraction,
  gate_carry_log2_per_step,
  gate_paths_log2_per_step,
  recurrent_derivative_log2_per_step,
  recurrent_weight_log2_per_step,
  recurrent_alignment_log2_per_step,
  gate,                    ///< which gate: the value of its TimeQuantity
  independent_directions,  ///< that columns of these deviations would have, if nothing tied them
  between_batches,         ///< DataInfo::between_batches
  highest_loss             ///< of a step of the last half of the run
};
std::string_view to_string(Quantity quantity);
std::optional<Quantity> parse_quantity(std::string_view text);

enum class CauseKind : std::uint8_t {
  unknown,
  activation_derivative,
  weight_scale,
  weights_and_derivatives,  ///< both; what is usual for the activation is not known
  alignment,
  residual_branch,
  normalisation,
  other_layers,  ///< dropout, reshapes, pooling, what is not taken apart
  /// A layer that is not taken apart, at the place.
  single_layer,
  /// The same, of one that divides each row by its sum (softmax).
  row_normalisation,
  gradient_is_zero,   ///< it ends at the place
  zero_weight,        ///< it ends at the place, whose weight is zero
  zero_derivative,    ///< it ends at the place, whose derivative is zero everywhere
  zero_start,         ///< a weight that starts at zero on purpose
  zero_rows,          ///< all weights of the layer are zero, so that its units are equal
  odd_weight,         ///< the size of one layer's weight is out of line with the others'
  odd_derivative,     ///< one activation's derivatives are
  odd_normalisation,  ///< one normalisation is
  odd_branch,         ///< one residual block is
  drift,              ///< training drove it there
  learning_rate,
  weight_decay,       ///< does most of the update
  only_weight_decay,  ///< does all of it
  died_in_training,
  silent_from_start,
  large_input,
  large_weight,
  large_bias,
  equal_start,
  small_gradient,
  small_rate,
  clipping,      ///< leaves next to nothing of the gradient
  large_eps,     ///< the optimiser's eps is far above the size of the gradient
  decayed_rate,  ///< the schedule took the rate away
  long_warm_up,  ///< the rate has not arrived
  momentum,      ///< adds up so many gradients that the rate is a multiple of what was asked
  no_gradient,
  data,           ///< they hold it themselves
  broken_weight,  ///< an earlier update broke it
  forward_overflow,
  loss_overflow,
  backward_overflow,
  optimiser_overflow,
  not_measured,
  rank,               ///< of a weight that maps everything onto one direction
  depth,              ///< each layer does a little of it
  output_activation,  ///< what stands at the output does not fit the loss or the targets
  no_activation,
  few_outputs,
  dropout,
  norm_scale,        ///< of a normalisation (gamma)
  norm_shift,        ///< the same of its shift (beta)
  large_gate_input,  ///< x and h times the weights, from the start
  gate_drift,        ///< training drove the gate's weights there
  gate_carry,
  recurrent_weight,
  recurrent_derivative,
  recurrence,
  truncation,
  slow_running_statistics,    ///< their momentum is too small for so few steps
  unlike_running_statistics,  ///< they differ from those of the batches for another reason
  learned_by_heart,           ///< what holds for the samples that it has seen alone
  number_format,              ///< has no number as small as what is to be kept
  batch_order                 ///< samples come in an order that sorts them by what is to be learned
};
std::string_view to_string(CauseKind kind);
std::optional<CauseKind> parse_cause_kind(std::string_view text);

enum class RemedyKind : std::uint8_t {
  look_closer,     ///< at: what to look at
  initialise,      ///< scheme, gain
  random_weights,  ///< scheme
  orthogonal_start,
  zero_branch_end,
  set_bias,            ///< value
  replace_activation,  ///< activation, scheme
  add_residual,        ///< every
  scale_branch,        ///< scale
  add_normalisation,
  scale_inputs,
  fewer_layers,
  remove_layer,  ///< because: "it_normalises_rows"
  widen,
  lower_rate,  ///< factor, rate
  raise_rate,
  warm_up,
  clip_norm,  ///< at
  lower_weight_decay,
  lower_dropout,
  scale_targets,
  drop_activation,  ///< the one that stands before the loss
  add_activation,
  drop_columns,
  more_outputs,  ///< units
  larger_batch,
  drop_normalisation,
  set_scale,  ///< value
  adaptive_optimiser,
  raise_eps,
  lower_eps,
  raise_clip,
  longer_schedule,
  shorter_warm_up,
  lower_momentum,
  like_others,  ///< gain
  loss_from_logits,
  check_targets,
  clean_data,
  check_labels,  ///< whether they belong to their samples
  set_momentum,  ///< value: of running statistics
  stop_early,    ///< at: the step
  regularise,
  more_data,
  train_on,  ///< steps
  record_more,
  open_gate,   ///< chrono, forget_bias
  gated_cell,  ///< cell, units, chrono
  orthogonal_recurrence,
  identity_recurrence,
  smaller_weights,
  shorten_sequence,
  truncate,  ///< steps
  raise_truncation,
  scale_loss,    ///< and unscale the gradients before the update
  wider_format,  ///< of the numbers in which gradients are kept
  none_needed,   ///< if: on what condition
  decorrelate_columns,
  shuffle  ///< the samples, anew for each epoch
};
std::string_view to_string(RemedyKind kind);
std::optional<RemedyKind> parse_remedy_kind(std::string_view text);

}  // namespace plumb
