// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "plumb/zoo/kinds/make.h"

// Faults of the order of the samples, by which rules were set.
namespace plumb::zoo {

namespace {

/// The training part by class, or by its first target, and taken in that order.
Specimen sorted(Specimen s, bool fault) {
  if (!fault) return s;
  Dataset& train = s.data.train;
  std::vector<std::int64_t> order(static_cast<std::size_t>(train.size()));
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](std::int64_t row) {
    const auto at = static_cast<std::size_t>(row);
    if (train.is_classification()) return static_cast<double>(train.labels[at]);
    const auto width = static_cast<std::size_t>(train.y.shape().row_size());
    return static_cast<double>(train.y.as<float>()[at * width]);
  });
  train = train.select(order);
  s.config.shuffle = false;
  return s;
}

/// As many that an epoch has dozens of batches: the longer a kind lasts, the more of the others is
/// forgotten.
std::int64_t many(Draw& draw) { return draw.integer(2400, 3600); }

Specimen on_curved(Draw& draw) {
  Specimen s = on_table(draw);
  const TableSize size{many(draw), draw.integer(8, 16), draw.integer(3, 5)};
  s.data = hold_out(make_curved(size, draw.seed()));
  return s;
}

Specimen sorted_classes(Draw& draw, bool fault) {
  Specimen s = on_curved(draw);
  const int depth = draw.integer(2, 3), width = draw.integer(32, 64);
  s.config.network = chain(s, depth, width, draw.word({"relu", "tanh", "gelu"}));
  use_sgd(s, draw.log(0.05, 0.1));
  return sorted(std::move(s), fault);
}
Specimen sorted_normed(Draw& draw, bool fault) {
  Specimen s = on_curved(draw);
  const int depth = draw.integer(2, 3), width = 8 * draw.integer(3, 7);
  s.config.network = chain(s, depth, width, draw.word({"bn > relu", "ln > relu"}));
  return sorted(std::move(s), fault);
}
Specimen sorted_adam(Draw& draw, bool fault) {
  Specimen s = on_curved(draw);
  s.config.network = chain(s, draw.integer(2, 4), draw.integer(32, 64), "relu");
  use_adam(s, draw.log(0.002, 0.005));
  return sorted(std::move(s), fault);
}
Specimen sorted_rings(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const TableSize size{many(draw), draw.integer(3, 5), draw.integer(2, 3)};
  s.data = hold_out(make_rings(size, draw.seed()));
  s.config.network = chain(s, draw.integer(2, 3), draw.integer(32, 64), "relu");
  use_adam(s, draw.log(0.002, 0.005));
  return sorted(std::move(s), fault);
}
Specimen sorted_values(Draw& draw, bool fault) {
  Specimen s = on_values(draw);
  const TableSize size{2 * many(draw), draw.integer(4, 12), 1};
  s.data = hold_out(make_values(size, draw.seed()));
  s.config.network =
      chain(s, draw.integer(2, 3), draw.integer(32, 64), draw.word({"relu", "tanh"}));
  s.config.batch = 16;
  use_adam(s, draw.log(0.002, 0.005));
  return sorted(std::move(s), fault);
}

}  // namespace

std::vector<Kind> more_order_kinds() {
  using enum Family;
  const Truth order{{"sorted_batches"}, {"batch_order"}};
  return {
      {"sorted_classes", data, "a table sorted by class, never shuffled", order, sorted_classes},
      {"sorted_normed", data, "the same before a network with normalisations", order,
       sorted_normed},
      {"sorted_adam", data, "the same, trained by adam", order, sorted_adam},
      {"sorted_rings", data, "rings of samples sorted by class, never shuffled", order,
       sorted_rings},
      {"sorted_values", data, "a table sorted by its target, never shuffled", order, sorted_values},
  };
}

}  // namespace plumb::zoo
