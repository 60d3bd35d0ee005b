// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include "plumb/zoo/kinds/make.h"

// Faults of the data: scale of inputs and targets, broken values, labels that say nothing.
namespace plumb::zoo {

namespace {

template <class Change>  // float(float value, std::int64_t row, std::int64_t column)
void change(Tensor& table, const Change& what) {
  if (!table) return;
  const std::int64_t columns = table.shape().row_size();
  const auto values = table.as<float>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    values[i] = static_cast<float>(what(values[i], at / columns, at % columns));
  }
}

template <class Change>
void change_inputs(Specimen& s, const Change& what) {
  change(s.data.train.x, what);
  change(s.data.validation.x, what);
}

template <class Change>
void change_targets(Specimen& s, const Change& what) {
  change(s.data.train.y, what);
  change(s.data.validation.y, what);
}

Specimen on_relus(Draw& draw) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 4), width = draw.integer(24, 64);
  s.config.network = chain(s, depth, width, draw.word({"relu", "leaky_relu 0.1", "elu"}));
  return s;
}

Specimen inputs_as_bytes(Draw& draw, bool fault) {
  Specimen s = on_relus(draw);
  const double mean = draw.real(90, 140), deviation = draw.real(35, 60);
  if (draw.coin()) use_adam(s, 0.001);
  if (fault) {
    change_inputs(s, [=](double v, std::int64_t, std::int64_t) { return mean + deviation * v; });
  }
  return s;
}

Specimen inputs_large(Draw& draw, bool fault) {
  Specimen s = on_relus(draw);
  const double factor = draw.log(100, 10000);
  if (fault) change_inputs(s, [=](double v, std::int64_t, std::int64_t) { return factor * v; });
  return s;
}

Specimen inputs_tiny(Draw& draw, bool fault) {
  Specimen s = on_relus(draw);
  const double factor = draw.log(1e-5, 1e-3);
  if (fault) change_inputs(s, [=](double v, std::int64_t, std::int64_t) { return factor * v; });
  return s;
}

Specimen inputs_far_from_zero(Draw& draw, bool fault) {
  Specimen s = on_relus(draw);
  const double mean = draw.log(30, 300);
  use_adam(s, 0.001);
  if (fault) change_inputs(s, [=](double v, std::int64_t, std::int64_t) { return mean + v; });
  return s;
}

Specimen one_column_large(Draw& draw, bool fault) {
  Specimen s = on_relus(draw);
  const int column = draw.integer(0, 7);
  const double factor = draw.log(500, 20000);
  if (draw.coin()) use_adam(s, 0.001);
  if (fault) {
    change_inputs(
        s, [=](double v, std::int64_t, std::int64_t c) { return c == column ? factor * v : v; });
  }
  return s;
}

Specimen columns_apart(Draw& draw, bool fault) {
  Specimen s = on_relus(draw);
  const std::uint64_t seed = draw.seed();
  use_adam(s, 0.001);
  if (fault) {
    const Rng rng(seed, "zoo/columns");
    change_inputs(s, [&](double v, std::int64_t, std::int64_t c) {
      return v * std::exp(rng.uniform(static_cast<std::uint64_t>(c), -5, 9));
    });
  }
  return s;
}

Specimen outlier_rows(Draw& draw, bool fault) {
  Specimen s = on_relus(draw);
  const int every = draw.integer(60, 150);
  const double factor = draw.log(3000, 30000);
  if (fault) {
    change_inputs(s, [=](double v, std::int64_t row, std::int64_t) {
      return row % every == every / 2 ? factor * v : v;
    });
  }
  return s;
}

Specimen targets_large(Draw& draw, bool fault) {
  Specimen s = on_values(draw);
  const int depth = draw.integer(2, 3), width = draw.integer(24, 64);
  const double mean = draw.log(1000, 30000), deviation = mean * draw.real(0.1, 0.4);
  use_adam(s, 0.003);
  s.config.network = chain(s, depth, width, draw.word({"relu", "tanh"}));
  if (fault) {
    change_targets(s, [=](double v, std::int64_t, std::int64_t) { return mean + deviation * v; });
  }
  return s;
}

Specimen targets_large_sgd(Draw& draw, bool fault) {
  Specimen s = on_values(draw);
  const int depth = draw.integer(2, 3), width = draw.integer(24, 64);
  const double factor = draw.log(100, 3000);
  use_sgd(s, 0.02);
  s.config.network = chain(s, depth, width, "relu");
  if (fault) change_targets(s, [=](double v, std::int64_t, std::int64_t) { return factor * v; });
  return s;
}

Specimen targets_tiny(Draw& draw, bool fault) {
  Specimen s = on_values(draw);
  const int depth = draw.integer(2, 3), width = draw.integer(24, 64);
  const double factor = draw.log(1e-5, 1e-3);
  use_adam(s, 0.003);
  s.config.network = chain(s, depth, width, draw.word({"relu", "tanh"}));
  if (fault) change_targets(s, [=](double v, std::int64_t, std::int64_t) { return factor * v; });
  return s;
}

Specimen nan_in_inputs(Draw& draw, bool fault) {
  Specimen s = on_relus(draw);
  const int row = draw.integer(20, 400), column = draw.integer(0, 7);
  if (fault) {
    change(s.data.train.x, [=](double v, std::int64_t r, std::int64_t c) {
      return r == row && c == column ? std::numeric_limits<double>::quiet_NaN() : v;
    });
  }
  return s;
}

Specimen labels_shuffled(Draw& draw, bool fault) {
  Specimen s = on_table(draw);
  const std::uint64_t seed = draw.seed();
  TableSize size;
  size.n = draw.integer(1000, 1500);
  size.classes = draw.integer(3, 5);
  s.data = hold_out(make_clusters(size, seed));
  s.config.data = s.data.train.name;
  s.config.network = chain(s, draw.integer(1, 2), draw.integer(8, 12), "relu");
  use_sgd(s, draw.real(0.02, 0.05), 0);
  if (fault) {
    for (Dataset* part : {&s.data.train, &s.data.validation}) {
      const auto order = Rng(seed, "zoo/labels").permutation(part->size());
      const auto old = part->labels;
      for (std::size_t i = 0; i < old.size(); ++i)
        part->labels[i] = old[static_cast<std::size_t>(order[i])];
    }
  }
  return s;
}

Specimen inputs_constant(Draw& draw, bool fault) {
  Specimen s = on_relus(draw);
  const double noise = draw.log(1e-7, 1e-5);
  if (fault) change_inputs(s, [=](double v, std::int64_t, std::int64_t) { return 1 + noise * v; });
  return s;
}

}  // namespace

std::vector<Kind> data_kinds() {
  using enum Family;
  return {
      {"inputs_as_bytes",
       data,
       "inputs as bytes: a mean above 90, a deviation of some forty",
       {{"input_scale"}, {"data"}, true},
       inputs_as_bytes},
      {"inputs_large",
       data,
       "inputs some thousand times too large",
       {{"input_scale"}, {"data"}, true},
       inputs_large},
      {"inputs_tiny",
       data,
       "inputs some thousand times too small",
       {{"input_scale"}, {"data"}, true},
       inputs_tiny},
      {"inputs_far_from_zero",
       data,
       "inputs whose mean is some hundred times their deviation",
       {{"input_scale"}, {"data"}, true},
       inputs_far_from_zero},
      {"one_column_large",
       data,
       "one column some thousand times larger than the others",
       {{"column_scale"}, {"data"}, true},
       one_column_large},
      {"columns_apart",
       data,
       "columns whose sizes lie six decades apart",
       {{"column_scale", "input_scale"}, {"data"}, true},
       columns_apart},
      {"outlier_rows",
       data,
       "one row in a hundred some thousand times larger than the others",
       {{"input_scale", "column_scale"}, {"data"}},
       outlier_rows},
      {"targets_large",
       data,
       "targets of thousands, far from zero",
       {{"target_scale"}, {"data"}, true},
       targets_large},
      {"targets_large_sgd",
       data,
       "targets of hundreds, for sgd",
       {{"target_scale"}, {"data"}, true},
       targets_large_sgd},
      {"targets_tiny",
       data,
       "targets of a thousandth and less",
       {{"target_scale"}, {"data"}, true},
       targets_tiny},
      {"nan_in_inputs", data, "one NaN in one sample", {{"non_finite"}, {"data"}}, nan_in_inputs},
      {"labels_shuffled",
       data,
       "labels that have nothing to do with the inputs",
       {{"not_learning"}, {"unknown"}, false, false},
       labels_shuffled},
      {"inputs_constant",
       data,
       "inputs that differ in the sixth digit alone",
       {{"constant_features", "input_scale", "collapsed_signal"}, {"data"}, true},
       inputs_constant},
  };
}

}  // namespace plumb::zoo
