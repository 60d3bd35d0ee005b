// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/rewrites/recurrent.h"

#include <fmt/format.h>

#include <functional>
#include <string>
#include <utility>

#include "plumb/cure/chain_edit.h"

namespace plumb {

namespace {

/// Changes every recurrent layer for which `change` says that there was something to do.
Rewritten change_cells(const Patient& patient, const std::string& why_not,
                       const std::function<bool(SpecItem& cell)>& change) {
  TrainConfig config = patient.config;
  Items items = items_of(config.network);
  bool changed = false;
  visit_layers(items, [&](SpecItem& item) {
    if (role_of(item) == ItemRole::recurrent) changed = change(item) || changed;
  });
  if (!changed) return Rewritten::refuse(why_not);
  config.network = network_text(items);
  return Rewritten::to(std::move(config));
}

int set_carry_bias(Items& items, double bias) {
  int changed = 0;
  for (SpecItem& item : items) {
    changed += set_carry_bias(item.children, bias);
    if (item.kind != SpecItem::Kind::residual || item.name.text != "highway") continue;
    set_option(item, "bias", fmt::format("{:.3g}", bias));
    ++changed;
  }
  return changed;
}

std::string whole(double value) { return fmt::format("{:.0f}", value); }

}  // namespace

Rewritten open_gates(const Patient& patient, const CureArguments& arguments) {
  if (const double* const carry = number_of(arguments, "carry_bias")) {
    TrainConfig config = patient.config;
    Items items = items_of(config.network);
    if (set_carry_bias(items, *carry) == 0) return Rewritten::refuse("no highway");
    config.network = network_text(items);
    return Rewritten::to(std::move(config));
  }
  const double* const chrono = number_of(arguments, "chrono");
  const double* const bias = number_of(arguments, "forget_bias");
  return change_cells(patient, "no lstm or gru", [&](SpecItem& cell) {
    const bool lstm = cell.name.text == "lstm";
    if (!lstm && (cell.name.text != "gru" || chrono == nullptr)) return false;
    remove_option(cell, "forget_bias");
    remove_option(cell, "chrono");
    if (chrono != nullptr) {
      set_option(cell, "chrono", whole(*chrono));
    } else {
      set_option(cell, "forget_bias", fmt::format("{:.3g}", bias == nullptr ? 1.0 : *bias));
    }
    return true;
  });
}

Rewritten use_gated_cell(const Patient& patient, const CureArguments& arguments) {
  const std::string* const cell_name = text_of(arguments, "cell");
  const double* const chrono = number_of(arguments, "chrono");
  return change_cells(patient, "no rnn", [&](SpecItem& cell) {
    if (cell.name.text != "rnn") return false;
    cell.name.text = cell_name == nullptr ? "lstm" : *cell_name;
    remove_option(cell, "irnn");
    remove_option(cell, "act");
    remove_option(cell, "gain");
    remove_option(cell, "recurrent");
    if (chrono != nullptr) set_option(cell, "chrono", whole(*chrono));
    return true;
  });
}

Rewritten start_recurrence_orthogonally(const Patient& patient, const CureArguments&) {
  return change_cells(patient, "no recurrent layer that starts otherwise", [](SpecItem& cell) {
    const SpecOption* const start = find_option(cell, "recurrent");
    const bool orthogonal = start != nullptr && start->value.text == "orthogonal" &&
                            find_option(cell, "gain") == nullptr;
    if (orthogonal) return false;
    remove_option(cell, "irnn");
    remove_option(cell, "gain");
    set_option(cell, "recurrent", "orthogonal");
    return true;
  });
}

Rewritten start_recurrence_as_identity(const Patient& patient, const CureArguments&) {
  return change_cells(patient, "no rnn that starts otherwise", [](SpecItem& cell) {
    if (cell.name.text != "rnn") return false;
    for (const SpecWord& word : cell.arguments) {
      if (word.text == "irnn") return false;
    }
    remove_option(cell, "act");
    remove_option(cell, "gain");
    remove_option(cell, "recurrent");
    cell.arguments.push_back({"irnn", 0});
    return true;
  });
}

Rewritten remove_truncation(const Patient& patient, const CureArguments&) {
  return change_cells(patient, "the gradient is not truncated",
                      [](SpecItem& cell) { return remove_option(cell, "bptt"); });
}

}  // namespace plumb
