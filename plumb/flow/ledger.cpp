// SPDX-License-Identifier: Apache-2.0
#include "plumb/flow/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>

#include "plumb/core/names.h"
#include "plumb/flow/way_gradient.h"

namespace plumb {

namespace {

/// The size of a gradient, or why it has none.
struct Reading {
  double log2 = std::numeric_limits<double>::quiet_NaN();
  LedgerEnd problem = LedgerEnd::none;
  const Sketch* sketch = nullptr;
};

Reading read(const Sketch* sketch) {
  if (sketch == nullptr) return {.problem = LedgerEnd::not_recorded};
  if (sketch->count == 0) return {.problem = LedgerEnd::empty};
  if (sketch->nonfinite_count > 0) return {.problem = LedgerEnd::nonfinite, .sketch = sketch};
  const double log2 = sketch->true_log2_rms();
  return {log2, std::isinf(log2) ? LedgerEnd::zero : LedgerEnd::none, sketch};
}

Reading read(const JoinWay* way) {
  if (way == nullptr) return {.problem = LedgerEnd::not_recorded};
  if (std::isinf(way->log2_rms) && way->log2_rms < 0) {
    return {.log2 = way->log2_rms, .problem = LedgerEnd::zero};
  }
  if (!std::isfinite(way->log2_rms)) return {.problem = LedgerEnd::nonfinite};
  return {.log2 = way->log2_rms};
}

bool is_recorded(const JoinWay* way) { return way != nullptr && std::isfinite(way->log2_rms); }

struct Books {
  std::vector<LedgerEntry> entries;
  double log2_top = std::numeric_limits<double>::quiet_NaN();
  double log2_bottom = std::numeric_limits<double>::quiet_NaN();
  LayerId ends_at = kNoLayer;
  bool ends_at_output = false;
  LedgerEnd ends = LedgerEnd::none;
  Reading end;
};

class Bookkeeper {
 public:
  Bookkeeper(const LayerGraph& graph, const StepIndex& index)
      : graph_(graph), index_(index), booked_(graph.info().layers.size(), false) {}

  Books book_main_chain() {
    const LayerGraph::Chain& chain = graph_.main_chain();
    if (chain.empty()) return {};
    const LayerId input = graph_.below(chain.front());
    return book_chain(chain,
                      input == kNoLayer ? Reading{.problem = LedgerEnd::not_recorded}
                                        : read(index_.find(input, Role::grad_a)),
                      input);
  }

 private:
  /// `input` is the gradient of what the first layer reads: all of it where that is the layer
  /// `bottom`, else what came back by the chain alone.
  Books book_chain(const LayerGraph::Chain& chain, const Reading& input, LayerId bottom) {
    Books books;
    if (chain.empty()) return books;
    Reading out = output_gradient(chain.back());
    books.log2_top = books.log2_bottom = out.log2;
    books.end = out;
    if (out.problem != LedgerEnd::none) {
      books.ends_at = chain.back();
      books.ends_at_output = true;
      books.ends = out.problem;
      return books;
    }
    for (std::size_t i = chain.size(); i-- > 0;) {
      const Reading in = i > 0 ? output_gradient(chain[i - 1]) : input;
      if (in.problem != LedgerEnd::none) {
        books.end = in;
        books.ends_at = chain[i];
        books.ends = known_reason(chain[i], in.problem);
        return books;
      }
      const LayerId below = i > 0 ? chain[i - 1] : bottom;
      books.entries.push_back(book_layer(chain[i], below, out.log2, in.log2));
      books.log2_bottom = in.log2;
      out = in;
    }
    return books;
  }

  const LayerInfo& layer_of(LayerId id) const { return graph_.info().layer(id); }

  Reading output_gradient(LayerId id) const {
    return read(index_.find(id, grad_role(layer_of(id))));
  }

  LedgerEnd known_reason(LayerId id, LedgerEnd problem) const {
    if (problem != LedgerEnd::zero) return problem;
    const double weight = log2_rms_or_nan(index_.find(id, Role::weight));
    if (layer_of(id).family == LayerFamily::linear && std::isinf(weight)) {
      return LedgerEnd::zero_weight;
    }
    const ActivationRecord* activation = index_.activation(id);
    const bool flat = activation != nullptr && std::isinf(activation->log2_rms_derivative);
    return flat ? LedgerEnd::zero_derivative : problem;
  }

  /// `below` is the layer of whose output `log2_in` is the whole gradient, other readers' too;
  /// kNoLayer at the end of a way, where it is what came back by that way alone.
  LedgerEntry book_layer(LayerId id, LayerId below, double log2_out, double log2_in) {
    LedgerEntry entry;
    entry.layer = id;
    entry.log2_grad_out = log2_out;
    entry.log2_grad_in = log2_in;
    entry.attenuation = log2_in - log2_out;
    if (!graph_.ways(id).empty()) {
      book_ways(id, below, entry);
      return entry;
    }
    // Where the tensor below has other readers, this layer sent a part of its gradient alone.
    // At the input it need not be recorded.
    const bool is_read_twice = below != kNoLayer && graph_.readers(below).size() > 1;
    const JoinRecord* join = is_read_twice ? index_.join(below) : nullptr;
    const bool is_join =
        is_read_twice && (join != nullptr || layer_of(below).family != LayerFamily::input);
    const JoinWay* own = join == nullptr ? nullptr : join->from(id);
    if (is_recorded(own)) {
      split(id, own->log2_rms - log2_out, entry);
      entry.parts.push_back({Cause::join, log2_in - own->log2_rms});
    } else if (is_join) {
      entry.parts = {{first_cause(layer_of(id).family), entry.attenuation}};
    } else {
      split(id, entry.attenuation, entry);
    }
    return entry;
  }

  static Cause first_cause(LayerFamily family) {
    switch (family) {
      case LayerFamily::linear: return Cause::weight_scale;
      case LayerFamily::activation: return Cause::activation_derivative;
      case LayerFamily::residual: return Cause::residual_shortcut;
      case LayerFamily::dropout: return Cause::dropout;
      case LayerFamily::input:
      case LayerFamily::shape: return Cause::shape;
      case LayerFamily::normalisation: return Cause::normalisation;
      case LayerFamily::pooling: return Cause::pooling;
      case LayerFamily::recurrent: return Cause::recurrence;
      case LayerFamily::attention: return Cause::attention;
      case LayerFamily::embedding: return Cause::embedding;
      case LayerFamily::join: return Cause::join;
      case LayerFamily::other: break;
    }
    return Cause::other;
  }

  /// The parts of what the layer itself does to a gradient.
  void split(LayerId id, double attenuation, LedgerEntry& entry) const {
    const LayerInfo& layer = layer_of(id);
    const Cause first = first_cause(layer.family);
    double expected = std::numeric_limits<double>::quiet_NaN();
    Cause rest = first;
    if (layer.family == LayerFamily::linear && layer.fan_out > 0) {
      expected = 0.5 * std::log2(static_cast<double>(layer.fan_out)) +
                 log2_rms_or_nan(index_.find(id, Role::weight));
      rest = Cause::weight_alignment;
    } else if (layer.family == LayerFamily::activation) {
      const ActivationRecord* record = index_.activation(id);
      if (record != nullptr) expected = record->log2_rms_derivative;
      rest = Cause::derivative_alignment;
    }
    split(first, expected, rest, attenuation, entry);
  }

  /// The first cause gets what it explains alone and the second the rest, so that the parts balance
  /// whatever was measured. Without a finite first part there is nothing to split.
  static void split(Cause first, double first_log2, Cause rest, double attenuation,
                    LedgerEntry& entry) {
    if (!std::isfinite(first_log2)) {
      entry.parts = {{first, attenuation}};
      return;
    }
    entry.parts = {{first, first_log2}, {rest, attenuation - first_log2}};
  }

  void book_ways(LayerId id, LayerId below, LedgerEntry& entry) {
    std::optional<JoinWay> main, gate;
    // Ways may share layers, and a layer of a thousand inputs can be on a thousand of them.
    const bool again = booked_[static_cast<std::size_t>(id)];
    booked_[static_cast<std::size_t>(id)] = true;
    for (const LayerGraph::WayThrough& way : graph_.ways(id)) {
      const std::optional<JoinWay> recorded = way_gradient(graph_, index_, id, way);
      if (way.main) main = recorded;
      if (way.way == Way::gate) gate = recorded;
      if (again) continue;
      LedgerWay& line = entry.ways.emplace_back();
      line.way = way.way;
      line.main = way.main;
      line.log2_rms = recorded ? recorded->log2_rms : std::numeric_limits<double>::quiet_NaN();
      line.share = recorded ? recorded->share : std::numeric_limits<double>::quiet_NaN();
      line.entries = book_chain(way.chain, read(recorded ? &*recorded : nullptr), kNoLayer).entries;
    }
    // What the ways bring back together, and what readers beside them add to it on this chain.
    const JoinRecord* own = index_.join_through(id);
    const bool is_shared = own != nullptr && std::isfinite(own->log2_rms) && below != kNoLayer &&
                           !is_all_that_reads(graph_, id, below);
    const double together = is_shared ? own->log2_rms : entry.log2_grad_in;
    const double attenuation = together - entry.log2_grad_out;
    const LayerFamily family = layer_of(id).family;
    if (family != LayerFamily::residual) {
      entry.parts = {{first_cause(family), attenuation}};
    } else if (!main) {
      entry.parts = {{Cause::residual_shortcut, attenuation}};
    } else if (!std::isfinite(main->log2_rms)) {
      entry.parts = {{Cause::residual_branch, attenuation}};
    } else {
      split(Cause::residual_shortcut, main->log2_rms - entry.log2_grad_out, Cause::residual_branch,
            attenuation, entry);
      // Shares of more than these ways say nothing of them alone.
      if (gate && std::isfinite(log2_of_all_ways(graph_, index_, id)))
        split_off_gate(*gate, *main, together, entry);
    }
    if (is_shared) entry.parts.push_back({Cause::join, entry.log2_grad_in - together});
  }

  /// What a highway's gate added to the sum g of all: |g|^2 - |g - gate|^2, and <gate, g> is known
  /// by its share.
  static void split_off_gate(const JoinWay& gate, const JoinWay& main, double log2_sum,
                             LedgerEntry& entry) {
    const double squares = std::exp2(2 * (gate.log2_rms - log2_sum));
    const double without = log2_sum + 0.5 * std::log2(1 - 2 * gate.share + squares) - main.log2_rms;
    if (!std::isfinite(without)) return;
    const double rest = entry.parts.back().log2 - without;
    entry.parts.back().log2 = without;
    entry.parts.push_back({Cause::residual_gate, rest});
  }

  const LayerGraph& graph_;
  const StepIndex& index_;
  std::vector<bool> booked_;
};

const char* reason_text(LedgerEnd end) {
  switch (end) {
    case LedgerEnd::none: break;
    case LedgerEnd::not_recorded: return " was not recorded";
    case LedgerEnd::empty: return " is empty";
    case LedgerEnd::nonfinite: return " is not a number";
    case LedgerEnd::zero: return " is zero everywhere";
    case LedgerEnd::zero_weight: return " is zero everywhere; its weight is zero everywhere";
    case LedgerEnd::zero_derivative:
      return " is zero everywhere; its derivative is zero everywhere";
  }
  return "";
}

constexpr std::string_view kCauseNames[] = {"weight_scale",
                                            "weight_alignment",
                                            "activation_derivative",
                                            "derivative_alignment",
                                            "residual_shortcut",
                                            "residual_branch",
                                            "residual_gate",
                                            "dropout",
                                            "shape",
                                            "normalisation",
                                            "pooling",
                                            "recurrence",
                                            "attention",
                                            "embedding",
                                            "join",
                                            "other"};
static_assert(std::size(kCauseNames) == kCauses.size());

}  // namespace

std::string_view to_string(Cause cause) { return name_of(cause, kCauseNames); }

std::string end_text(const Ledger& ledger) {
  if (ledger.ends == LedgerEnd::none) return {};
  const std::string of = fmt::format("the gradient with respect to its {}",
                                     ledger.ends_at_output ? "output" : "input");
  if (ledger.ends == LedgerEnd::nonfinite && ledger.value_count > 0) {
    return of + fmt::format(" holds {} non-finite values of {}", ledger.nonfinite_count,
                            ledger.value_count);
  }
  return of + reason_text(ledger.ends);
}

const LedgerWay* LedgerEntry::way(Way name) const {
  const auto it =
      std::find_if(ways.begin(), ways.end(), [&](const LedgerWay& one) { return one.way == name; });
  return it == ways.end() ? nullptr : &*it;
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

Ledger make_ledger(const LayerGraph& graph, const StepIndex& index) {
  Books books = Bookkeeper(graph, index).book_main_chain();
  Ledger ledger;
  ledger.step = index.step().step;
  ledger.log2_loss_gradient = books.log2_top;
  ledger.total = books.entries.empty() ? 0.0 : books.log2_bottom - books.log2_top;
  ledger.entries = std::move(books.entries);
  ledger.ends_at = books.ends_at;
  ledger.ends_at_output = books.ends_at_output;
  ledger.ends = books.ends;
  if (books.ends == LedgerEnd::nonfinite && books.end.sketch != nullptr) {
    ledger.nonfinite_count = books.end.sketch->nonfinite_count;
    ledger.value_count = books.end.sketch->count;
  }
  return ledger;
}

Ledger make_ledger(const RunInfo& info, const StepRecord& step) {
  return make_ledger(LayerGraph(info), StepIndex(info, step));
}

}  // namespace plumb
