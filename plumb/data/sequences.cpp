// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/sequences.h"

namespace plumb {

Dataset make_adding(const SequenceOptions& options, std::uint64_t seed) {
  const Rng root(seed, "data/adding");
  const auto t = static_cast<std::uint64_t>(options.t);
  Dataset data;
  data.x = Tensor({options.n, options.t, 2}, DType::f32);
  data.y = Tensor({options.n, 1}, DType::f32);
  for (std::int64_t i = 0; i < options.n; ++i) {
    const Rng rng = root.child(static_cast<std::uint64_t>(i));
    const auto x = data.x.as<float>().subspan(static_cast<std::size_t>(i) * 2 * t, 2 * t);
    for (std::uint64_t s = 0; s < t; ++s) x[2 * s] = static_cast<float>(rng.uniform(s));
    const std::uint64_t first = rng.below(t, t / 2);
    const std::uint64_t second = t / 2 + rng.below(t + 1, t - t / 2);
    x[2 * first + 1] = x[2 * second + 1] = 1;
    data.y.as<float>()[static_cast<std::size_t>(i)] = x[2 * first] + x[2 * second];
  }
  return data;
}

Dataset make_copy(const SequenceOptions& options, std::uint64_t seed) {
  constexpr std::int64_t kSymbols = 10, kAlphabet = 8, kBlank = 8, kSign = 9, kInputs = 10;
  const Rng root(seed, "data/copy");
  const std::int64_t steps = options.t + 2 * kSymbols;
  Dataset data;
  data.x = Tensor({options.n, steps, kInputs}, DType::f32);
  data.classes = kAlphabet + 1;
  data.labels_per_sample = steps;
  data.labels.assign(static_cast<std::size_t>(options.n * steps), kBlank);
  const auto x = data.x.as<float>();
  for (std::int64_t i = 0; i < options.n; ++i) {
    const Rng rng = root.child(static_cast<std::uint64_t>(i));
    for (std::int64_t s = 0; s < steps; ++s) {
      std::int64_t shown = s == options.t + kSymbols - 1 ? kSign : kBlank;
      if (s < kSymbols) {
        shown = static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(s), kAlphabet));
        const std::int64_t repeated = options.t + kSymbols + s;
        data.labels[static_cast<std::size_t>(i * steps + repeated)] =
            static_cast<std::int32_t>(shown);
      }
      x[static_cast<std::size_t>((i * steps + s) * kInputs + shown)] = 1;
    }
  }
  return data;
}

}  // namespace plumb
