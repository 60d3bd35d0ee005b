// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/chain_edit.h"

#include <algorithm>
#include <map>

#include "plumb/kernels/activations/table.h"
#include "plumb/nn/spec/presets.h"

namespace plumb {

namespace {

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// Texts of the items, which is all that folding compares.
std::vector<std::string> texts_of(const Items& items) {
  std::vector<std::string> texts;
  texts.reserve(items.size());
  for (const SpecItem& item : items) texts.push_back(to_string(item));
  return texts;
}

/// How often the `period` items from `at` on stand there in a row.
std::size_t repeats_at(const std::vector<std::string>& texts, std::size_t at, std::size_t period) {
  std::size_t count = 1;
  while (at + (count + 1) * period <= texts.size() &&
         std::equal(texts.begin() + static_cast<std::ptrdiff_t>(at),
                    texts.begin() + static_cast<std::ptrdiff_t>(at + period),
                    texts.begin() + static_cast<std::ptrdiff_t>(at + count * period))) {
    ++count;
  }
  return count;
}

/// A period beyond this is no block that anybody would write.
constexpr std::size_t kLongestPeriod = 16;

void count_into(const Items& items, ItemRole role, std::int64_t times, std::int64_t& total) {
  for (const SpecItem& item : items) {
    const ItemRole own = role_of(item);
    if (own == role) total += times;
    if (own == ItemRole::repeat) {
      count_into(item.children, role, times * item.count, total);
    } else if (own == ItemRole::residual) {
      count_into(item.children, role, times, total);
    }
  }
}

void count_activations(const Items& items, std::int64_t times,
                       std::map<std::string, std::int64_t>& counts) {
  for (const SpecItem& item : items) {
    const ItemRole role = role_of(item);
    if (role == ItemRole::activation) counts[to_string(item)] += times;
    count_activations(item.children, role == ItemRole::repeat ? times * item.count : times, counts);
  }
}

}  // namespace

ItemRole role_of(const SpecItem& item) {
  if (item.kind == SpecItem::Kind::repeat) return ItemRole::repeat;
  if (item.kind == SpecItem::Kind::residual) return ItemRole::residual;
  const std::string_view name = item.name.text;
  if (is_one_of(name, {"dense", "linear", "conv"})) return ItemRole::linear;
  if (name == "identity") return ItemRole::shape;
  if (find_activation(name) != nullptr) return ItemRole::activation;
  if (name == "softmax") return ItemRole::softmax;
  if (is_one_of(name, {"bn", "batch_norm", "ln", "layer_norm", "rmsnorm", "rms_norm", "gn",
                       "group_norm"})) {
    return ItemRole::normalisation;
  }
  if (name == "dropout") return ItemRole::dropout;
  if (is_one_of(name, {"rnn", "lstm", "gru"})) return ItemRole::recurrent;
  if (is_one_of(name, {"flatten", "last", "gap", "maxpool", "avgpool"})) return ItemRole::shape;
  return ItemRole::other;
}

Items items_of(const std::string& network) { return write_out_presets(parse_spec(network)).items; }

Items written_out(const Items& items) { return expand(Spec{network_text(items), items}); }

SpecItem item_of(const std::string& text) { return parse_spec(text).items.front(); }

std::string network_text(const Items& items) { return to_string(Spec{{}, items}); }

Items folded(const Items& items) {
  Items chain = items;
  for (SpecItem& item : chain) {
    if (item.kind == SpecItem::Kind::residual) item.children = folded(item.children);
  }
  const std::vector<std::string> texts = texts_of(chain);
  Items result;
  for (std::size_t at = 0; at < chain.size();) {
    std::size_t best_period = 1, best_count = 1;
    for (std::size_t period = 1; period <= kLongestPeriod; ++period) {
      const std::size_t count = repeats_at(texts, at, period);
      if (count > 1 && period * count > best_period * best_count) {
        best_period = period;
        best_count = count;
      }
    }
    if (best_count == 1) {
      result.push_back(chain[at++]);
      continue;
    }
    SpecItem repeat;
    repeat.kind = SpecItem::Kind::repeat;
    repeat.count = static_cast<std::int64_t>(best_count);
    repeat.name.text = std::to_string(best_count);
    repeat.children.assign(chain.begin() + static_cast<std::ptrdiff_t>(at),
                           chain.begin() + static_cast<std::ptrdiff_t>(at + best_period));
    result.push_back(std::move(repeat));
    at += best_period * best_count;
  }
  return result;
}

std::string plain_network(const std::string& network) {
  return network_text(written_out(items_of(network)));
}

void visit_layers(Items& items, const std::function<void(SpecItem& item)>& visit) {
  for (SpecItem& item : items) {
    if (item.kind == SpecItem::Kind::layer) {
      visit(item);
    } else {
      visit_layers(item.children, visit);
    }
  }
}

int remove_layers(Items& items, const std::function<bool(const SpecItem& item)>& is_wanted) {
  int removed = 0;
  for (SpecItem& item : items) removed += remove_layers(item.children, is_wanted);
  const auto is_removed = [&](const SpecItem& item) {
    return item.kind == SpecItem::Kind::layer && is_wanted(item);
  };
  const auto count = std::count_if(items.begin(), items.end(), is_removed);
  if (count == static_cast<std::ptrdiff_t>(items.size())) return removed;
  std::erase_if(items, is_removed);
  return removed + static_cast<int>(count);
}

std::int64_t count_layers(const Items& items, ItemRole role) {
  std::int64_t total = 0;
  count_into(items, role, 1, total);
  return total;
}

std::string_view width_of(const SpecItem& item) {
  const ItemRole role = role_of(item);
  const bool has_width = role == ItemRole::linear || role == ItemRole::recurrent;
  return has_width && !item.arguments.empty() ? std::string_view(item.arguments.front().text)
                                              : std::string_view();
}

const SpecOption* find_option(const SpecItem& item, std::string_view key) {
  const auto it = std::find_if(item.options.begin(), item.options.end(),
                               [&](const SpecOption& option) { return option.key.text == key; });
  return it == item.options.end() ? nullptr : &*it;
}

void set_option(SpecItem& item, const std::string& key, const std::string& value) {
  for (SpecOption& option : item.options) {
    if (option.key.text != key) continue;
    option.value.text = value;
    return;
  }
  item.options.push_back({{key, 0}, {value, 0}});
}

bool remove_option(SpecItem& item, std::string_view key) {
  const auto options =
      std::erase_if(item.options, [&](const SpecOption& option) { return option.key.text == key; });
  const auto words =
      std::erase_if(item.arguments, [&](const SpecWord& word) { return word.text == key; });
  return options + words > 0;
}

std::size_t last_linear(const Items& items) {
  for (std::size_t i = items.size(); i-- > 0;) {
    if (role_of(items[i]) == ItemRole::linear) return i;
  }
  return items.size();
}

std::string usual_activation(const Items& items) {
  const std::size_t last = last_linear(items);
  std::map<std::string, std::int64_t> counts;
  count_activations(last == items.size()
                        ? items
                        : Items(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(last)),
                    1, counts);
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? std::string() : most->first;
}

}  // namespace plumb
