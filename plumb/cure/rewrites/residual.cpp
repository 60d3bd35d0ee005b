// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/rewrites/residual.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <string>
#include <utility>

#include "plumb/cure/chain_edit.h"

namespace plumb {

namespace {

/// What belongs to the linear layer in front of it.
bool belongs(const SpecItem& item) {
  const ItemRole role = role_of(item);
  return role == ItemRole::activation || role == ItemRole::normalisation ||
         role == ItemRole::dropout;
}

/// "3" or "3x5": height and width.
std::pair<int, int> two_sides(const std::string& text) {
  const std::size_t cross = text.find('x');
  const int height = std::atoi(text.c_str());
  return {height, cross == text.npos ? height : std::atoi(text.c_str() + cross + 1)};
}

/// The width may stay, and the size of an image does: at stride 1, with the padding that a
/// convolution has by itself, or where that is written out.
bool keeps_size(const SpecItem& linear) {
  const SpecOption* const stride = find_option(linear, "stride");
  if (stride != nullptr && two_sides(stride->value.text) != std::pair{1, 1}) return false;
  const SpecOption* const pad = find_option(linear, "pad");
  if (pad == nullptr) return true;
  if (linear.arguments.size() < 2) return false;
  const auto [height, width] = two_sides(linear.arguments[1].text);
  return two_sides(pad->value.text) == std::pair{(height - 1) / 2, (width - 1) / 2};
}

std::string scale_text(std::int64_t blocks) {
  return fmt::format("{:.3g}", 1 / std::sqrt(static_cast<double>(blocks)));
}

void visit_blocks(Items& items, const std::function<void(SpecItem& block)>& visit) {
  for (SpecItem& item : items) {
    visit_blocks(item.children, visit);
    if (item.kind == SpecItem::Kind::residual && item.name.text == "res") visit(item);
  }
}

bool has_word(const SpecItem& item, std::string_view key) {
  if (find_option(item, key) != nullptr) return true;
  for (const SpecWord& word : item.arguments) {
    if (word.text == key) return true;
  }
  return false;
}

}  // namespace

Rewritten add_residual(const Patient& patient, const CureArguments&) {
  TrainConfig config = patient.config;
  const Items chain = written_out(items_of(config.network));
  const std::size_t last = last_linear(chain);
  Items result;
  std::int64_t blocks = 0;
  std::string width;  // of the tensor that the next item reads; empty: not known
  std::string kind;
  for (std::size_t i = 0; i < chain.size();) {
    const SpecItem& item = chain[i];
    if (role_of(item) != ItemRole::linear) {
      if (!belongs(item) && role_of(item) != ItemRole::residual) width.clear();
      result.push_back(item);
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    while (end < chain.size() && belongs(chain[end])) ++end;
    const bool wraps = i != last && !width.empty() && width == width_of(item) &&
                       kind == item.name.text && keeps_size(item);
    if (wraps) {
      SpecItem block;
      block.kind = SpecItem::Kind::residual;
      block.name.text = "res";
      block.children.assign(chain.begin() + static_cast<std::ptrdiff_t>(i),
                            chain.begin() + static_cast<std::ptrdiff_t>(end));
      result.push_back(std::move(block));
      ++blocks;
    } else {
      result.insert(result.end(), chain.begin() + static_cast<std::ptrdiff_t>(i),
                    chain.begin() + static_cast<std::ptrdiff_t>(end));
    }
    width = width_of(item);
    kind = item.name.text;
    i = end;
  }
  if (blocks == 0) return Rewritten::refuse("no hidden layer outside of a block keeps its width");
  visit_blocks(result, [&](SpecItem& block) {
    if (!has_word(block, "scale") && !has_word(block, "alpha") && !has_word(block, "rezero")) {
      set_option(block, "scale", scale_text(blocks));
    }
  });
  config.network = network_text(folded(result));
  return Rewritten::to(std::move(config));
}

Rewritten scale_branches(const Patient& patient, const CureArguments& arguments) {
  TrainConfig config = patient.config;
  Items items = items_of(config.network);
  const std::int64_t blocks = count_layers(items, ItemRole::residual);
  const double* const scale = number_of(arguments, "scale");
  int changed = 0;
  visit_blocks(items, [&](SpecItem& block) {
    if (has_word(block, "alpha") || has_word(block, "rezero") || has_word(block, "scale")) return;
    set_option(block, "scale",
               scale == nullptr ? scale_text(blocks) : fmt::format("{:.3g}", *scale));
    ++changed;
  });
  if (changed == 0) return Rewritten::refuse("no residual block without a scale of its own");
  config.network = network_text(items);
  return Rewritten::to(std::move(config));
}

Rewritten start_branches_at_zero(const Patient& patient, const CureArguments&) {
  TrainConfig config = patient.config;
  Items items = items_of(config.network);
  int changed = 0;
  visit_blocks(items, [&](SpecItem& block) {
    if (has_word(block, "rezero") || has_word(block, "alpha")) return;
    remove_option(block, "scale");
    set_option(block, "rezero", "");
    ++changed;
  });
  if (changed == 0)
    return Rewritten::refuse("no residual block that starts at another scale than 0");
  config.network = network_text(items);
  return Rewritten::to(std::move(config));
}

}  // namespace plumb
