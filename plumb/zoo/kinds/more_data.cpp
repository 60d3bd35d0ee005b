// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <functional>

#include "plumb/core/rng.h"
#include "plumb/zoo/kinds/make.h"

// Further faults of data as people have them, by which rules were set.
namespace plumb::zoo {

namespace {

/// New values of the columns of both parts: f(row, column, value).
using Change = std::function<double(std::int64_t row, std::int64_t column, double value)>;

void change_inputs(Specimen& s, const Change& change) {
  for (Dataset* part : {&s.data.train, &s.data.validation}) {
    const std::int64_t width = part->x.shape().row_size();
    std::int64_t i = 0;
    for (float& x : part->x.as<float>()) {
      x = static_cast<float>(change(i / width, i % width, static_cast<double>(x)));
      ++i;
    }
  }
}

void change_targets(Specimen& s, const Change& change) {
  for (Dataset* part : {&s.data.train, &s.data.validation}) {
    const std::int64_t width = part->y.shape().row_size();
    std::int64_t i = 0;
    for (float& y : part->y.as<float>()) {
      y = static_cast<float>(change(i / width, i % width, static_cast<double>(y)));
      ++i;
    }
  }
}

/// Further columns behind those that there are: value(row, column).
void add_columns(Specimen& s, std::int64_t count,
                 const std::function<double(std::int64_t row, std::int64_t column)>& value) {
  for (Dataset* part : {&s.data.train, &s.data.validation}) {
    const std::int64_t rows = part->size(), width = part->x.shape().row_size();
    Tensor wider({rows, width + count}, DType::f32);
    const auto from = part->x.as<float>();
    const auto to = wider.as<float>();
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < width + count; ++c) {
        to[static_cast<std::size_t>(r * (width + count) + c)] =
            c < width ? from[static_cast<std::size_t>(r * width + c)]
                      : static_cast<float>(value(r, c - width));
      }
    }
    part->x = std::move(wider);
  }
}

Specimen classes(Draw& draw, bool by_adam = false) {
  Specimen s = on_table(draw);
  const int depth = draw.integer(2, 3), width = draw.integer(32, 64);
  s.config.network = chain(s, depth, width, "relu");
  if (by_adam) use_adam(s, 0.002);
  return s;
}

Specimen values(Draw& draw, bool by_adam) {
  Specimen s = on_values(draw);
  const int depth = draw.integer(2, 3), width = draw.integer(32, 64);
  s.config.network = chain(s, depth, width, draw.word({"relu", "tanh"}));
  if (by_adam) use_adam(s, 0.002);
  return s;
}

Specimen constants_heavy(Draw& draw, bool fault) {
  Specimen s = classes(draw);
  const double value = draw.real(4, 6) * (draw.coin() ? 1 : -1);
  const int count = draw.integer(24, 48);
  add_columns(s, count, [=](std::int64_t, std::int64_t) { return fault ? value : 0.0; });
  return s;
}

Specimen column_far_off(Draw& draw, bool fault) {
  Specimen s = classes(draw, draw.coin());
  const double far = draw.log(200, 2000);
  if (fault) change_inputs(s, [=](auto, auto c, double x) { return c == 1 ? x + far : x; });
  return s;
}

Specimen columns_of_all_sizes(Draw& draw, bool fault) {
  Specimen s = classes(draw);
  const int largest = draw.integer(0, 3);
  if (fault) {
    change_inputs(s, [=](auto, auto c, double x) {
      constexpr double kSizes[] = {1e-2, 1, 30, 2000};
      return x * kSizes[static_cast<std::size_t>((c + largest) % 4)];
    });
  }
  return s;
}

Specimen sentinels(Draw& draw, bool fault) {
  Specimen s = classes(draw, draw.coin());
  const double missing = draw.pick({-999.0, -9999.0, 9999.0});
  const std::uint64_t seed = draw.seed();
  if (fault) {
    const Rng rng(seed, "sentinels");
    std::uint64_t next = 0;
    change_inputs(s,
                  [&](auto, auto, double x) { return rng.uniform(next++) < 0.05 ? missing : x; });
  }
  return s;
}

Specimen row_numbers(Draw& draw, bool fault) {
  Specimen s = classes(draw, draw.coin());
  const double first = draw.pick({0.0, 1e5, 1.6e9});
  add_columns(s, 1, [=](std::int64_t row, std::int64_t) {
    return fault ? first + 5 * static_cast<double>(row) : 0.0;
  });
  return s;
}

Specimen inputs_below_zero(Draw& draw, bool fault) {
  Specimen s = classes(draw);
  const double shift = draw.real(6, 12);
  if (fault) change_inputs(s, [=](auto, auto, double x) { return x - shift; });
  return s;
}

Specimen prices(Draw& draw, bool fault) {
  Specimen s = classes(draw, true);
  const double middle = draw.real(4, 7);
  if (fault) change_inputs(s, [=](auto, auto, double x) { return std::exp(middle + 1.5 * x); });
  return s;
}

Specimen targets_far_adam(Draw& draw, bool fault) {
  Specimen s = values(draw, true);
  const double far = draw.log(100, 3000);
  if (fault) change_targets(s, [=](auto, auto, double y) { return far + y; });
  return s;
}

Specimen target_outliers(Draw& draw, bool fault) {
  Specimen s = values(draw, draw.coin());
  const double size = draw.log(3000, 30000);
  const int every = draw.integer(80, 200);
  if (fault) {
    change_targets(s, [=](auto row, auto, double y) { return row % every == 0 ? size : y; });
  }
  return s;
}

/// What the columns share outweighs what tells the classes apart.
Specimen columns_alike(Draw& draw, bool fault) {
  Specimen s = classes(draw, draw.coin());
  const double own = draw.log(0.003, 0.01);
  const Rng rng(draw.seed(), "columns_alike");
  if (fault) {
    change_inputs(s, [&](auto row, auto, double x) {
      return rng.normal(static_cast<std::uint64_t>(row)) + own * x;
    });
  }
  return s;
}

}  // namespace

std::vector<Kind> more_data_kinds() {
  using enum Family;
  const Truth columns{{"column_scale"}, {"data"}, true};
  const Truth inputs{{"input_scale", "column_scale"}, {"data"}, true};
  const Truth targets{{"target_scale"}, {"data"}, true};
  return {
      {"constants_heavy",
       data,
       "many columns that are five for every sample",
       {{"constant_features"}, {"data"}, true},
       constants_heavy},
      {"column_far_off", data, "one column hundreds away from zero", columns, column_far_off},
      {"columns_of_all_sizes", data, "columns from a hundredth to thousands", columns,
       columns_of_all_sizes},
      {"sentinels", data, "one value in twenty a -999 for what is missing", inputs, sentinels},
      {"row_numbers", data, "the number of the row, or the time, among the columns", columns,
       row_numbers},
      {"inputs_below_zero", data, "inputs that are all far below zero", inputs, inputs_below_zero},
      {"prices", data, "inputs that spread over decades", inputs, prices},
      {"targets_far_adam", data, "targets hundreds away from zero, by adam", targets,
       targets_far_adam},
      {"target_outliers", data, "one target in a hundred in the thousands", targets,
       target_outliers},
      {"columns_alike",
       data,
       "columns that differ by a hundredth of what they share",
       {{"collinear_columns"}, {"data"}, false, false},
       columns_alike},
  };
}

}  // namespace plumb::zoo
