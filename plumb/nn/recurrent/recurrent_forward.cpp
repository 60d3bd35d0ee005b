// SPDX-License-Identifier: Apache-2.0
#include "plumb/kernels/elementwise.h"
#include "plumb/kernels/gates.h"
#include "plumb/kernels/matrix.h"
#include "plumb/kernels/ref/piecewise.h"
#include "plumb/kernels/ref/rows.h"
#include "plumb/kernels/ref/smooth.h"
#include "plumb/nn/recurrent/recurrent_pass.h"

namespace plumb {

namespace {

template <class T>
void activate(RnnActivation activation, const T* z, T* h, std::int64_t count) {
  switch (activation) {
    case RnnActivation::tanh: return elementwise_forward(ref::Tanh{}, z, h, count);
    case RnnActivation::relu: return elementwise_forward(ref::Relu{}, z, h, count);
    case RnnActivation::sigmoid: return elementwise_forward(ref::Sigmoid{}, z, h, count);
    case RnnActivation::identity: return elementwise_forward(ref::Identity{}, z, h, count);
  }
}

template <class T>
class ForwardPass {
 public:
  ForwardPass(const RecurrentPass<T>& pass, T* y)
      : p_(pass),
        g_(pass.geometry),
        y_(y),
        x_rows_(pass.work),
        states_(x_rows_ + g_.block * g_.batch * g_.in),
        hh_transposed_(states_ + 2 * g_.plane()) {}

  void run(const Context& context) {
    transpose_recurrent();
    std::fill_n(states_, 2 * g_.plane(), T(0));
    for (std::int64_t first = 0; first < g_.steps; first += g_.block) {
      const std::int64_t steps = std::min(g_.block, g_.steps - first);
      context.pool.run(steps * g_.batch, g_.row_grain(),
                       [&](auto begin, auto end) { take_inputs(first, begin, end); });
      if (context.time == nullptr) {
        context.pool.run(g_.batch, g_.row_grain(), [&](auto begin, auto end) {
          for (std::int64_t p = first; p < first + steps; ++p) step(p, begin, end);
        });
        continue;
      }
      for (std::int64_t p = first; p < first + steps; ++p) {
        context.pool.run(g_.batch, g_.row_grain(),
                         [&](auto begin, auto end) { step(p, begin, end); });
        tell(p, *context.time);
      }
    }
  }

 private:
  T* saved(int s, std::int64_t p) const { return p_.saved + g_.saved_at(s, p); }
  T* state(std::int64_t p) const { return states_ + (p & 1) * g_.plane(); }

  /// Once a pass, so that the product of each step reads rows as they are.
  void transpose_recurrent() {
    const std::int64_t hidden = g_.hidden;
    for (int g = 0; g < g_.gates(); ++g) {
      const T* const from = p_.weights.hh + g * hidden * hidden;
      T* const to = hh_transposed_ + g * hidden * hidden;
      for (std::int64_t i = 0; i < hidden; ++i) {
        for (std::int64_t j = 0; j < hidden; ++j) to[j * hidden + i] = from[i * hidden + j];
      }
    }
  }

  /// The input's part of every pre-activation of rows [begin, end) of a block, with the biases.
  void take_inputs(std::int64_t first, std::int64_t begin, std::int64_t end) {
    const std::int64_t hidden = g_.hidden, rows = end - begin;
    p_.gather_x(first, begin, end, x_rows_);
    for (int g = 0; g < g_.gates(); ++g) {
      T* const z = saved(g_.input_signal(g), first) + begin * hidden;
      const bool split = g_.input_signal(g) != g_.recurrent_signal(g);
      const T* const bias_ih = bias(p_.weights.bias_ih, g);
      const T* const bias_hh = bias(p_.weights.bias_hh, g);
      fill(z, rows, bias_ih, split ? nullptr : bias_hh);
      if (split)
        fill(saved(g_.recurrent_signal(g), first) + begin * hidden, rows, bias_hh, nullptr);
      // [rows, in] x [hidden, in]^T -> [rows, hidden]
      gemm(Transpose::no, Transpose::yes, rows, hidden, g_.in, x_rows_ + begin * g_.in, g_.in,
           p_.weights.ih + g * hidden * g_.in, g_.in, T(1), z, hidden);
    }
  }

  const T* bias(const T* all, int g) const {
    return all == nullptr ? nullptr : all + g * g_.hidden;
  }

  /// Each row becomes a + b, where null stands for zeros.
  void fill(T* z, std::int64_t rows, const T* a, const T* b) const {
    for (std::int64_t j = 0; j < g_.hidden; ++j) {
      z[j] = (a != nullptr ? a[j] : T(0)) + (b != nullptr ? b[j] : T(0));
    }
    for (std::int64_t r = 1; r < rows; ++r) std::copy_n(z, g_.hidden, z + r * g_.hidden);
  }

  /// Samples [begin, end) at position p.
  void step(std::int64_t p, std::int64_t begin, std::int64_t end) {
    const std::int64_t hidden = g_.hidden, rows = end - begin, at = begin * hidden;
    const T* const before = state(p - 1) + at;
    for (int g = 0; g < g_.gates(); ++g) {
      // [rows, hidden] x [hidden, hidden]^T -> [rows, hidden]
      gemm(Transpose::no, Transpose::no, rows, hidden, hidden, before, hidden,
           hh_transposed_ + g * hidden * hidden, hidden, T(1),
           saved(g_.recurrent_signal(g), p) + at, hidden);
    }
    T* const h = state(p) + at;
    const auto plane = [&](int s) { return saved(s, p) + at; };
    if (g_.kind == RecurrentKind::rnn) {
      activate(p_.activation, plane(0), h, rows * hidden);
    } else if (g_.kind == RecurrentKind::lstm) {
      // The state before the first step is a plane of zeros: that of h, which is not written yet.
      const T* const c_before = p > 0 ? saved(4, p - 1) + at : before;
      lstm_forward(
          ref::LstmForward<T>{plane(0), plane(1), plane(2), plane(3), c_before, plane(4), h},
          rows * hidden);
    } else {
      gru_forward(ref::GruForward<T>{plane(0), plane(1), plane(2), plane(3), before, h},
                  rows * hidden);
    }
    const std::int64_t t = g_.time_of(p, p_.reverse), stride = g_.directions * hidden;
    T* const y = y_ + (p_.reverse ? hidden : 0);
    for (std::int64_t b = begin; b < end; ++b) {
      std::copy_n(state(p) + b * hidden, hidden, y + (b * g_.steps + t) * stride);
    }
  }

  void tell(std::int64_t p, TimeObserver& observer) const {
    const auto tell_one = [&](TimeQuantity quantity, const T* values) {
      observer.on_time_step(g_.time_of(p, p_.reverse), p_.reverse, quantity,
                            ConstView{values, kDTypeOf<T>, Shape{g_.batch, g_.hidden}}, 0);
    };
    tell_one(TimeQuantity::h, state(p));
    if (g_.kind == RecurrentKind::lstm) {
      tell_one(TimeQuantity::c, saved(4, p));
      tell_one(TimeQuantity::input_gate, saved(0, p));
      tell_one(TimeQuantity::forget_gate, saved(1, p));
      tell_one(TimeQuantity::cell_gate, saved(2, p));
      tell_one(TimeQuantity::output_gate, saved(3, p));
    } else if (g_.kind == RecurrentKind::gru) {
      tell_one(TimeQuantity::reset_gate, saved(0, p));
      tell_one(TimeQuantity::update_gate, saved(1, p));
      tell_one(TimeQuantity::new_gate, saved(3, p));
    }
  }

  const RecurrentPass<T>& p_;
  const RecurrentGeometry& g_;
  T* y_;
  T* x_rows_;  ///< [block, batch, in]
  T* states_;  ///< h of two positions in turn
  T* hh_transposed_;
};

}  // namespace

template <class T>
void recurrent_forward(const RecurrentPass<T>& pass, T* y, const Context& context) {
  ForwardPass<T>(pass, y).run(context);
}

template void recurrent_forward(const RecurrentPass<float>&, float*, const Context&);
template void recurrent_forward(const RecurrentPass<double>&, double*, const Context&);

}  // namespace plumb
