// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "plumb/nn/recurrent/recurrent.h"

/// How the passes of a recurrent layer lay out what they work on. Not for users of the layer.
///
/// A direction's steps are numbered in the order it takes them: position p is time p, or time
/// steps - 1 - p in the reverse direction. Blocks of steps are worked on together: one product for
/// the inputs of a block, and one for what it adds to the parameters' gradients. A plane is
/// [batch, hidden] of one quantity at one position, contiguous; the planes of one quantity follow
/// each other within a block, [block, batch, hidden], so that they are a matrix for those products.
namespace plumb {

struct RecurrentGeometry {
  RecurrentKind kind;
  std::int64_t batch, steps, in, hidden, directions, bptt;
  /// Steps of a block: enough rows for an efficient product, few enough to stay in the cache.
  std::int64_t block;

  RecurrentGeometry(const RecurrentOptions& options, const Shape& x)
      : kind(options.kind),
        batch(x[0]),
        steps(x[1]),
        in(options.in),
        hidden(options.hidden),
        directions(options.bidirectional ? 2 : 1),
        bptt(options.bptt),
        block(std::clamp<std::int64_t>(1024 / std::max<std::int64_t>(batch, 1), 1,
                                       std::max<std::int64_t>(steps, 1))) {}

  int gates() const { return kind == RecurrentKind::rnn ? 1 : kind == RecurrentKind::lstm ? 4 : 3; }
  /// Quantities that have a gradient of a pre-activation of their own. gru splits that of n into
  /// the recurrent part (2) and the input's part (3).
  int signals() const { return kind == RecurrentKind::rnn ? 1 : 4; }
  /// Where gate g's part from the input and its part from h_{t-1} are.
  int input_signal(int g) const { return kind == RecurrentKind::gru && g == 2 ? 3 : g; }
  int recurrent_signal(int g) const { return g; }
  /// Planes kept from forward to backward: rnn z; lstm i f g o c; gru r z, W_hn h + b_hn, n.
  int saved_planes() const { return kind == RecurrentKind::lstm ? 5 : signals(); }

  std::int64_t blocks() const { return (steps + block - 1) / block; }
  std::int64_t plane() const { return batch * hidden; }
  std::int64_t saved_size() const { return blocks() * saved_planes() * block * plane(); }
  /// The saved plane of quantity s at position p.
  std::int64_t saved_at(int s, std::int64_t p) const {
    return ((p / block * saved_planes() + s) * block + p % block) * plane();
  }
  /// A signal's plane within the block that is worked on.
  std::int64_t signal_at(int s, std::int64_t p) const { return (s * block + p % block) * plane(); }

  std::int64_t time_of(std::int64_t p, bool reverse) const { return reverse ? steps - 1 - p : p; }

  /// Rows a thread takes at least, so that its way through time is worth waking it for; a multiple
  /// of what the matrix kernels take at once.
  std::int64_t row_grain() const {
    constexpr std::int64_t kMultipliesPerChunk = 1 << 19, kRowBlock = 8;
    const std::int64_t per_row =
        std::max<std::int64_t>(1, steps * gates() * hidden * (hidden + in));
    return (kMultipliesPerChunk / per_row / kRowBlock + 1) * kRowBlock;
  }

  std::int64_t forward_work_size() const {
    return block * batch * in + 2 * plane() + gates() * hidden * hidden;
  }
  std::int64_t backward_work_size() const {
    return 2 * block * batch * in + (block + 1) * plane() + signals() * block * plane() +
           (5 + gates()) * plane();
  }
};

/// The parameters of one direction; biases are null without.
template <class T>
struct RecurrentWeights {
  const T *ih, *hh, *bias_ih, *bias_hh;
};

/// A row of few values, as inputs often are, is copied without a call.
template <class T>
void copy_row(const T* from, std::int64_t count, T* to) {
  if (count == 1) {
    *to = *from;
  } else if (count == 2) {
    to[0] = from[0];
    to[1] = from[1];
  } else {
    std::copy_n(from, count, to);
  }
}

/// Everything a pass of one direction touches.
template <class T>
struct RecurrentPass {
  RecurrentGeometry geometry;
  RnnActivation activation;
  bool reverse;
  RecurrentWeights<T> weights;
  T* saved;
  T* work;
  const T* x;

  /// take(r, at) for rows r of [begin, end) of a block that begins at position `first`, a row being
  /// (position, sample): `at` is where the row's values stand in x and in its gradient.
  template <class Take>
  void for_rows(std::int64_t first, std::int64_t begin, std::int64_t end, const Take& take) const {
    const RecurrentGeometry& g = geometry;
    std::int64_t p = first + begin / g.batch, b = begin % g.batch;
    for (std::int64_t r = begin; r < end; ++r) {
      take(r, (b * g.steps + g.time_of(p, reverse)) * g.in);
      if (++b < g.batch) continue;
      b = 0;
      ++p;
    }
  }

  /// Copies the inputs of those rows, so that they are one matrix.
  void gather_x(std::int64_t first, std::int64_t begin, std::int64_t end, T* rows) const {
    const std::int64_t in = geometry.in;
    for_rows(first, begin, end,
             [&](std::int64_t r, std::int64_t at) { copy_row(x + at, in, rows + r * in); });
  }
};

template <class T>
void recurrent_forward(const RecurrentPass<T>& pass, T* y, const Context& context);

template <class T>
struct RecurrentGradients {
  const T *y, *grad_y;
  T* grad_x;                    ///< null: not wanted
  std::span<Param> params;      ///< of this direction
  std::span<Param> all_params;  ///< of the layer: rescaled together
  std::span<int> scales;        ///< [1 + 2 block][batch]
};

template <class T>
void recurrent_backward(const RecurrentPass<T>& pass, const RecurrentGradients<T>& gradients,
                        RecurrentScale& scale, const Context& context);

}  // namespace plumb
