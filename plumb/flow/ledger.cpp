// SPDX-License-Identifier: Apache-2.0
#include "plumb/flow/ledger.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "plumb/flow/layer_tree.h"
#include "plumb/flow/step_index.h"

namespace plumb {

namespace {

/// The size of a gradient, or why it has none.
struct Reading {
  double log2 = std::numeric_limits<double>::quiet_NaN();
  std::string problem;
};

Reading read(const Sketch* sketch) {
  if (sketch == nullptr) return {.problem = "was not recorded"};
  if (sketch->count == 0) return {.problem = "is empty"};
  if (sketch->nonfinite_count > 0) {
    return {.problem = fmt::format("holds {} non-finite values of {}", sketch->nonfinite_count,
                                   sketch->count)};
  }
  const double log2 = sketch->true_log2_rms();
  if (std::isinf(log2)) return {.log2 = log2, .problem = "is zero everywhere"};
  return {.log2 = log2, .problem = {}};
}

Reading read_log2(double log2) {
  if (std::isnan(log2)) return {.problem = "is not a number"};
  if (log2 < 0 && std::isinf(log2)) return {.log2 = log2, .problem = "is zero everywhere"};
  if (std::isinf(log2)) return {.problem = "is infinite"};
  return {.log2 = log2, .problem = {}};
}

struct Books {
  std::vector<LedgerEntry> entries;
  double log2_top = std::numeric_limits<double>::quiet_NaN();
  double log2_bottom = std::numeric_limits<double>::quiet_NaN();
  std::string ends_at;
  std::string ends_because;
  bool ends_in_zero = false;
};

class Bookkeeper {
 public:
  Bookkeeper(const RunInfo& info, const StepRecord& step) : tree_(info), index_(step) {}

  Books book_main_chain() const {
    return book_chain(tree_.chain(""), read(index_.find("input", Role::grad_a)));
  }

 private:
  /// `input` is the gradient with respect to the input of the chain's first layer.
  Books book_chain(const LayerTree::Chain& chain, const Reading& input) const {
    Books books;
    if (chain.empty()) return books;
    Reading out = output_gradient(*chain.back());
    books.log2_top = books.log2_bottom = out.log2;
    if (!out.problem.empty()) {
      books.ends_at = chain.back()->path;
      books.ends_in_zero = std::isinf(out.log2);
      books.ends_because = "the gradient with respect to its output " + out.problem;
      return books;
    }
    for (std::size_t i = chain.size(); i-- > 0;) {
      const LayerInfo& layer = *chain[i];
      Reading in = i > 0 ? output_gradient(*chain[i - 1]) : input;
      if (!in.problem.empty()) {
        books.ends_at = layer.path;
        books.ends_in_zero = std::isinf(in.log2);
        books.ends_because =
            "the gradient with respect to its input " + in.problem + known_reason(layer, in);
        return books;
      }
      books.entries.push_back(book_layer(layer, out.log2, in.log2));
      books.log2_bottom = in.log2;
      out = std::move(in);
    }
    return books;
  }

  Reading output_gradient(const LayerInfo& layer) const {
    return read(index_.find(layer.path, grad_role(layer)));
  }

  std::string known_reason(const LayerInfo& layer, const Reading& in) const {
    const bool zero = std::isinf(in.log2);
    if (!zero) return {};
    const double weight = log2_rms_or_nan(index_.find(layer.path, Role::weight));
    if (layer.family == LayerFamily::linear && std::isinf(weight)) {
      return "; its weight is zero everywhere";
    }
    const ActivationRecord* activation = index_.activation(layer.path);
    if (activation != nullptr && std::isinf(activation->log2_rms_derivative)) {
      return "; its derivative is zero everywhere";
    }
    return {};
  }

  LedgerEntry book_layer(const LayerInfo& layer, double log2_out, double log2_in) const {
    LedgerEntry entry;
    entry.path = layer.path;
    entry.kind = layer.kind;
    entry.log2_grad_out = log2_out;
    entry.log2_grad_in = log2_in;
    entry.attenuation = log2_in - log2_out;
    switch (layer.family) {
      case LayerFamily::linear: {
        const double expected = 0.5 * std::log2(static_cast<double>(layer.fan_out)) +
                                log2_rms_or_nan(index_.find(layer.path, Role::weight));
        split(entry, Cause::weight_scale, expected, Cause::weight_alignment);
        break;
      }
      case LayerFamily::activation: {
        const ActivationRecord* record = index_.activation(layer.path);
        const double expected = record != nullptr ? record->log2_rms_derivative
                                                  : std::numeric_limits<double>::quiet_NaN();
        split(entry, Cause::activation_derivative, expected, Cause::derivative_alignment);
        break;
      }
      case LayerFamily::residual: book_residual(layer, entry); break;
      case LayerFamily::dropout: entry.parts = {{Cause::dropout, entry.attenuation}}; break;
      case LayerFamily::other:
      case LayerFamily::shape: entry.parts = {{Cause::shape, entry.attenuation}}; break;
      case LayerFamily::normalisation:
        entry.parts = {{Cause::normalisation, entry.attenuation}};
        break;
      case LayerFamily::pooling: entry.parts = {{Cause::pooling, entry.attenuation}}; break;
      case LayerFamily::recurrent: entry.parts = {{Cause::recurrence, entry.attenuation}}; break;
    }
    return entry;
  }

  /// The first cause gets what it explains alone and the second the rest, so that the parts balance
  /// whatever was measured. Without a finite first part there is nothing to split.
  static void split(LedgerEntry& entry, Cause first, double first_log2, Cause rest) {
    if (!std::isfinite(first_log2)) {
      entry.parts = {{first, entry.attenuation}};
      return;
    }
    entry.parts = {{first, first_log2}, {rest, entry.attenuation - first_log2}};
  }

  void book_residual(const LayerInfo& layer, LedgerEntry& entry) const {
    const JoinRecord* join = index_.join(layer.path);
    if (join == nullptr) {
      entry.parts = {{Cause::residual_shortcut, entry.attenuation}};
    } else if (!std::isfinite(join->log2_rms_shortcut)) {
      entry.parts = {{Cause::residual_branch, entry.attenuation}};
    } else {
      split(entry, Cause::residual_shortcut, join->log2_rms_shortcut - entry.log2_grad_out,
            Cause::residual_branch);
      if (tree_.gate(layer.path) != nullptr) split_off_gate(*join, entry);
    }
    const Reading missing{.problem = "was not recorded"};
    entry.branch = book_chain(tree_.chain(layer.path),
                              join != nullptr ? read_log2(join->log2_rms_branch) : missing)
                       .entries;
    entry.shortcut = book_chain(tree_.shortcut(layer.path),
                                join != nullptr ? read_log2(join->log2_rms_shortcut) : missing)
                         .entries;
    if (const LayerInfo* gate = tree_.gate(layer.path)) {
      entry.gate =
          book_chain({gate}, join != nullptr ? read_log2(join->log2_rms_gate) : missing).entries;
    }
  }

  /// What a highway's gate added to the sum of the other two, which the three sizes and the angle
  /// give.
  static void split_off_gate(const JoinRecord& join, LedgerEntry& entry) {
    const double ratio = std::exp2(join.log2_rms_branch - join.log2_rms_shortcut);
    const double product = ratio > 0 ? 2 * ratio * join.cosine : 0;
    const double branch = 0.5 * std::log2(1 + product + ratio * ratio);
    if (!std::isfinite(branch)) return;
    const double rest = entry.parts.back().log2 - branch;
    entry.parts.back().log2 = branch;
    entry.parts.push_back({Cause::residual_gate, rest});
  }

  LayerTree tree_;
  StepIndex index_;
};

}  // namespace

const char* to_string(Cause cause) {
  switch (cause) {
    case Cause::weight_scale: return "weight_scale";
    case Cause::weight_alignment: return "weight_alignment";
    case Cause::activation_derivative: return "activation_derivative";
    case Cause::derivative_alignment: return "derivative_alignment";
    case Cause::residual_shortcut: return "residual_shortcut";
    case Cause::residual_branch: return "residual_branch";
    case Cause::residual_gate: return "residual_gate";
    case Cause::dropout: return "dropout";
    case Cause::shape: return "shape";
    case Cause::normalisation: return "normalisation";
    case Cause::pooling: return "pooling";
    case Cause::recurrence: return "recurrence";
  }
  return "unknown";
}

double Ledger::total_of(Cause cause) const {
  double sum = 0;
  for (const LedgerEntry& entry : entries) {
    for (const LedgerPart& part : entry.parts) {
      if (part.cause == cause) sum += part.log2;
    }
  }
  return sum;
}

Ledger make_ledger(const RunInfo& info, const StepRecord& step) {
  Books books = Bookkeeper(info, step).book_main_chain();
  Ledger ledger;
  ledger.step = step.step;
  ledger.log2_loss_gradient = books.log2_top;
  ledger.total = books.entries.empty() ? 0.0 : books.log2_bottom - books.log2_top;
  ledger.entries = std::move(books.entries);
  ledger.ends_at = std::move(books.ends_at);
  ledger.ends_because = std::move(books.ends_because);
  ledger.ends_in_zero = books.ends_in_zero;
  return ledger;
}

}  // namespace plumb
