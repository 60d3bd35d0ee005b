// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/prescription.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace plumb {

namespace {

struct Row {
  RemedyKind kind;
  std::string_view rewrite;
};

/// In the order in which they are tried. A remedy without a row is done by hand.
constexpr Row kRows[] = {
    {RemedyKind::initialise, "initialise"},
    {RemedyKind::initialise, "fresh_weights"},
    {RemedyKind::initialise, "orthogonal_start"},
    {RemedyKind::random_weights, "initialise"},
    {RemedyKind::random_weights, "random_start"},
    {RemedyKind::random_weights, "fresh_weights"},
    {RemedyKind::like_others, "fresh_weights"},
    {RemedyKind::like_others, "initialise"},
    {RemedyKind::set_scale, "fresh_weights"},
    {RemedyKind::orthogonal_start, "orthogonal_start"},
    {RemedyKind::zero_branch_end, "zero_branch_end"},
    {RemedyKind::set_bias, "set_bias"},
    {RemedyKind::set_bias, "fresh_weights"},
    {RemedyKind::remove_layer, "remove_softmax"},
    {RemedyKind::drop_activation, "bare_output"},
    {RemedyKind::add_activation, "insert_activation"},
    {RemedyKind::more_outputs, "more_outputs"},
    {RemedyKind::drop_normalisation, "drop_normalisation"},
    {RemedyKind::drop_normalisation, "usual_statistics"},
    {RemedyKind::drop_normalisation, "larger_groups"},
    {RemedyKind::set_momentum, "usual_statistics"},
    {RemedyKind::larger_batch, "larger_batch"},
    {RemedyKind::shuffle, "shuffle"},
    {RemedyKind::raise_clip, "no_clipping"},
    {RemedyKind::longer_schedule, "constant_rate"},
    {RemedyKind::shorter_warm_up, "short_warm_up"},
    {RemedyKind::lower_momentum, "usual_optimiser"},
    {RemedyKind::lower_eps, "usual_optimiser"},
    {RemedyKind::replace_activation, "replace_activation"},
    {RemedyKind::replace_activation, "tailored_activation"},
    {RemedyKind::add_residual, "add_residual"},
    {RemedyKind::scale_branch, "scale_branch"},
    {RemedyKind::add_normalisation, "add_normalisation"},
    {RemedyKind::scale_inputs, "scale_inputs"},
    {RemedyKind::scale_targets, "scale_inputs"},  // which standardises both
    {RemedyKind::add_activation, "insert_activation"},
    {RemedyKind::larger_batch, "larger_batch"},
    {RemedyKind::fewer_layers, "fewer_layers"},
    {RemedyKind::widen, "widen"},
    {RemedyKind::lower_rate, "set_rate"},
    {RemedyKind::raise_rate, "set_rate"},
    {RemedyKind::warm_up, "warm_up"},
    {RemedyKind::clip_norm, "clip_norm"},
    {RemedyKind::lower_weight_decay, "lower_weight_decay"},
    {RemedyKind::lower_dropout, "lower_dropout"},
    {RemedyKind::adaptive_optimiser, "adam"},
    {RemedyKind::raise_eps, "usual_optimiser"},
    {RemedyKind::loss_from_logits, "bare_output"},
    {RemedyKind::drop_activation, "bare_output"},
    {RemedyKind::open_gate, "open_gate"},
    {RemedyKind::gated_cell, "gated_cell"},
    {RemedyKind::orthogonal_recurrence, "orthogonal_recurrence"},
    {RemedyKind::identity_recurrence, "identity_recurrence"},
    {RemedyKind::smaller_weights, "initialise"},
    {RemedyKind::raise_truncation, "whole_sequence"},
};

/// What a rewrite is handed of a remedy's arguments, by their names.
constexpr std::string_view kHandedOn[] = {"scheme",      "gain", "value", "activation",
                                          "scale",       "at",   "steps", "chrono",
                                          "forget_bias", "cell", "units"};

CureArguments handed_on(const Remedy& remedy) {
  CureArguments arguments;
  for (const Remedy::Argument& argument : remedy.arguments) {
    if (std::find(std::begin(kHandedOn), std::end(kHandedOn), argument.first) !=
        std::end(kHandedOn)) {
      arguments.push_back(argument);
    }
  }
  return arguments;
}

/// The other activation that a remedy offers.
std::optional<Prescription> alternative(const Remedy& remedy, const RewriteEntry* rewrite) {
  const std::string* const other = remedy.text("or_activation");
  if (remedy.kind != RemedyKind::replace_activation || other == nullptr) return std::nullopt;
  Prescription prescription{rewrite, {{"activation", *other}}, {}, {}};
  if (const std::string* const scheme = remedy.text("or_scheme")) {
    prescription.arguments.emplace_back("scheme", *scheme);
  }
  return prescription;
}

}  // namespace

std::vector<Prescription> prescriptions_of(const Remedy& remedy) {
  std::vector<Prescription> result;
  for (const Row& row : kRows) {
    if (row.kind != remedy.kind) continue;
    const RewriteEntry* const rewrite = find_rewrite(row.rewrite);
    result.push_back({rewrite, handed_on(remedy), {}, {}});
    if (rewrite->id != "replace_activation") continue;
    if (auto other = alternative(remedy, rewrite)) result.push_back(*other);
  }
  return result;
}

std::vector<Prescription> prescriptions_of(const std::vector<Finding>& findings) {
  std::vector<Prescription> result;
  for (const bool notes : {false, true}) {
    for (const Finding& finding : findings) {
      if (finding.is_explained() || (finding.severity == Severity::note) != notes) continue;
      for (std::size_t i = 0; i < finding.remedies.size(); ++i) {
        for (Prescription& one : prescriptions_of(finding.remedies[i])) {
          one.finding = finding.id;
          one.remedy = i;
          result.push_back(std::move(one));
        }
      }
    }
  }
  return result;
}

std::vector<Prescription> usual_prescriptions() {
  std::vector<Prescription> result;
  for (const RewriteEntry& rewrite : rewrite_table()) result.push_back({&rewrite, {}, {}, {}});
  std::stable_sort(result.begin(), result.end(), [](const Prescription& a, const Prescription& b) {
    return a.rewrite->size < b.rewrite->size;
  });
  return result;
}

}  // namespace plumb
