// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "plumb/kernels/elementwise.h"
#include "plumb/kernels/gates.h"
#include "plumb/kernels/matrix.h"
#include "plumb/kernels/ref/piecewise.h"
#include "plumb/kernels/ref/smooth.h"
#include "plumb/nn/recurrent/recurrent_band.h"
#include "plumb/nn/recurrent/recurrent_pass.h"

namespace plumb {

namespace {

template <class T>
void activation_vjp(RnnActivation activation, const T* z, const T* h, const T* grad_h, T* grad_z,
                    std::int64_t count) {
  switch (activation) {
    case RnnActivation::tanh: return elementwise_vjp(ref::Tanh{}, z, h, grad_h, grad_z, count);
    case RnnActivation::relu: return elementwise_vjp(ref::Relu{}, z, h, grad_h, grad_z, count);
    case RnnActivation::sigmoid:
      return elementwise_vjp(ref::Sigmoid{}, z, h, grad_h, grad_z, count);
    case RnnActivation::identity:
      return elementwise_vjp(ref::Identity{}, z, h, grad_h, grad_z, count);
  }
}

template <class T>
class BackwardPass {
 public:
  BackwardPass(const RecurrentPass<T>& pass, const RecurrentGradients<T>& gradients,
               RecurrentScale& scale)
      : p_(pass), g_(pass.geometry), out_(gradients), total_(scale) {
    T* next = pass.work;
    const auto take = [&](std::int64_t count) {
      T* const start = next;
      next += count;
      return start;
    };
    x_rows_ = take(g_.block * g_.batch * g_.in);
    grad_x_rows_ = take(g_.block * g_.batch * g_.in);
    states_ = take((g_.block + 1) * g_.plane());
    signals_ = take(g_.signals() * g_.block * g_.plane());
    grad_h_ = take(g_.plane());
    grad_c_ = take(g_.plane());
    carry_h_ = take(g_.plane());
    carry_c_ = take(g_.plane());
    direct_ = take(g_.plane());
    parts_ = take(g_.gates() * g_.plane());
  }

  void run(const Context& context) {
    std::fill_n(carry_h_, g_.plane(), T(0));
    std::fill_n(carry_c_, g_.plane(), T(0));
    std::fill_n(row_scale(0), g_.batch, kNoScale);
    const std::int64_t grain = g_.row_grain();
    for (std::int64_t first = (g_.blocks() - 1) * g_.block; first >= 0; first -= g_.block) {
      const std::int64_t steps = std::min(g_.block, g_.steps - first);
      context.pool.run(g_.batch, grain, [&](auto begin, auto end) {
        gather_states(first, steps, begin, end);
        if (context.time != nullptr) return;
        for (std::int64_t p = first + steps - 1; p >= first; --p) step(p, begin, end);
      });
      if (context.time != nullptr) {
        for (std::int64_t p = first + steps - 1; p >= first; --p) {
          context.pool.run(g_.batch, grain, [&](auto begin, auto end) { step(p, begin, end); });
          tell(p, *context.time);
        }
      }
      bring_to_one_scale(first, steps);
      add_parameters(first, steps, context);
      if (out_.grad_x != nullptr) write_grad_x(first, steps, context);
    }
  }

 private:
  const T* saved(int s, std::int64_t p) const { return p_.saved + g_.saved_at(s, p); }
  T* signal(int s, std::int64_t p) const { return signals_ + g_.signal_at(s, p); }
  /// h of position p; p may also be the one before the block.
  T* state(std::int64_t first, std::int64_t p) const {
    return states_ + (p + 1 - first) * g_.plane();
  }
  T* part(int g) const { return parts_ + g * g_.plane(); }
  int* row_scale(std::int64_t row) const { return out_.scales.data() + row; }
  int* step_scale(std::int64_t p) const {
    return out_.scales.data() + (1 + p % g_.block) * g_.batch;
  }
  /// Of the largest magnitude of grad_h (and carry_c), at the step's scale.
  int* step_exponent(std::int64_t p) const {
    return out_.scales.data() + (1 + g_.block + p % g_.block) * g_.batch;
  }
  bool is_cut(std::int64_t p) const { return g_.bptt > 0 && p % g_.bptt == 0; }

  /// h of the block's positions and of the one before them, for samples [begin, end).
  void gather_states(std::int64_t first, std::int64_t steps, std::int64_t begin, std::int64_t end) {
    const std::int64_t stride = g_.directions * g_.hidden;
    const T* const y = out_.y + (p_.reverse ? g_.hidden : 0);
    for (std::int64_t p = first - 1; p < first + steps; ++p) {
      T* const to = state(first, p);
      for (std::int64_t b = begin; b < end; ++b) {
        if (p < 0) {
          std::fill_n(to + b * g_.hidden, g_.hidden, T(0));
        } else {
          const T* const from = y + (b * g_.steps + g_.time_of(p, p_.reverse)) * stride;
          std::copy_n(from, g_.hidden, to + b * g_.hidden);
        }
      }
    }
  }

  /// grad_h = carry_h + what the layer above gives, at a scale that suits both; returns it.
  int receive(std::int64_t p, std::int64_t begin, std::int64_t end) {
    const std::int64_t hidden = g_.hidden, at = begin * hidden, count = (end - begin) * hidden;
    const std::int64_t t = g_.time_of(p, p_.reverse), stride = g_.directions * hidden;
    const T* const above = out_.grad_y + (p_.reverse ? hidden : 0);
    for (std::int64_t b = begin; b < end; ++b) {
      std::copy_n(above + (b * g_.steps + t) * stride, hidden, grad_h_ + b * hidden);
    }
    T* const grad_h = grad_h_ + at;
    int scale = *row_scale(begin);
    if (scale == kNoScale) return 0;
    T* const carry_h = carry_h_ + at;
    if (scale != 0) {
      if (all_zero(grad_h, count)) {
        std::copy_n(carry_h, count, grad_h);
        return scale;
      }
      const int here = exponent_of(grad_h, count);
      const int back = std::max(exponent_of(carry_h, count), exponent_of(carry_c_ + at, count));
      int common = std::max(here, back == kNoScale ? kNoScale : back + scale);
      if (common == kNoScale || std::abs(common) <= kBand<T>) common = 0;
      scale_by(carry_h, count, scale - common);
      scale_by(carry_c_ + at, count, scale - common);
      scale_by(grad_h, count, -common);
      scale = common;
    }
    for (std::int64_t k = 0; k < count; ++k) grad_h[k] += carry_h[k];
    return scale;
  }

  /// Brings grad_h and carry_c back into the band; returns the scale, and the exponent of what is
  /// largest then.
  int keep_in_band(int scale, std::int64_t at, std::int64_t count, int& exponent) {
    exponent = exponent_of(grad_h_ + at, count);
    if (g_.kind == RecurrentKind::lstm) {
      exponent = std::max(exponent, exponent_of(carry_c_ + at, count));
    }
    if (exponent == kNoScale) {
      exponent = 0;
      const bool zero = all_zero(grad_h_ + at, count) && all_zero(carry_c_ + at, count);
      return zero ? kNoScale : scale;
    }
    if (std::abs(exponent) <= kBand<T>) return scale;
    scale_by(grad_h_ + at, count, -exponent);
    scale_by(carry_c_ + at, count, -exponent);
    scale += exponent;
    exponent = 0;
    return scale;
  }

  /// Samples [begin, end) at position p: from what has come back to p to what goes on to p - 1.
  void step(std::int64_t p, std::int64_t begin, std::int64_t end) {
    const std::int64_t at = begin * g_.hidden, count = (end - begin) * g_.hidden;
    int exponent = 0;
    const int scale = keep_in_band(receive(p, begin, end), at, count, exponent);
    std::fill(step_exponent(p) + begin, step_exponent(p) + end, exponent);
    std::fill(row_scale(begin), row_scale(end), scale);
    std::fill(step_scale(p) + begin, step_scale(p) + end, scale);
    through_cell(p, at, count);
    if (p == 0) return;
    if (is_cut(p)) {
      std::fill_n(carry_h_ + at, count, T(0));
      std::fill_n(carry_c_ + at, count, T(0));
      std::fill_n(direct_ + at, count, T(0));
      for (int g = 0; g < g_.gates(); ++g) std::fill_n(part(g) + at, count, T(0));
      return;
    }
    if (g_.kind == RecurrentKind::gru) {
      std::copy_n(direct_ + at, count, carry_h_ + at);
    } else {
      std::fill_n(carry_h_ + at, count, T(0));
    }
    for (int g = 0; g < g_.gates(); ++g) {
      // [rows, hidden] x [hidden, hidden] -> [rows, hidden]
      gemm(Transpose::no, Transpose::no, end - begin, g_.hidden, g_.hidden,
           signal(g_.recurrent_signal(g), p) + at, g_.hidden,
           p_.weights.hh + g * g_.hidden * g_.hidden, g_.hidden, T(0), part(g) + at, g_.hidden);
      for (std::int64_t k = at; k < at + count; ++k) carry_h_[k] += part(g)[k];
    }
  }

  /// From grad_h (and carry_c) to the gradients of the pre-activations and the direct ways back.
  void through_cell(std::int64_t p, std::int64_t at, std::int64_t count) {
    const std::int64_t first = p - p % g_.block;
    const auto plane = [&](int s) { return saved(s, p) + at; };
    const auto grad = [&](int s) { return signal(s, p) + at; };
    if (g_.kind == RecurrentKind::rnn) {
      activation_vjp<T>(p_.activation, plane(0), state(first, p) + at, grad_h_ + at, grad(0),
                        count);
    } else if (g_.kind == RecurrentKind::lstm) {
      // Before the first step c is 0, as h is.
      const T* const c_before = p > 0 ? saved(4, p - 1) + at : state(0, -1) + at;
      lstm_backward(ref::LstmBackward<T>{plane(0), plane(1), plane(2), plane(3), plane(4), c_before,
                                         grad_h_ + at, carry_c_ + at, grad_c_ + at, grad(0),
                                         grad(1), grad(2), grad(3)},
                    count);
    } else {
      gru_backward(
          ref::GruBackward<T>{plane(0), plane(1), plane(2), plane(3), state(first, p - 1) + at,
                              grad_h_ + at, direct_ + at, grad(0), grad(1), grad(2), grad(3)},
          count);
    }
  }

  /// Gives all samples one scale at position p, so that the observer can be told, and tells it.
  void tell(std::int64_t p, TimeObserver& observer) {
    const int* const scales = step_scale(p);
    const int scale = *std::max_element(scales, scales + g_.batch);
    for (std::int64_t b = 0; b < g_.batch; ++b) {
      const int shift = scales[b] == kNoScale ? 0 : scales[b] - scale;
      if (shift == 0) continue;
      const auto row = [&](T* plane) { scale_by(plane + b * g_.hidden, g_.hidden, shift); };
      for (T* const plane : {grad_h_, grad_c_, carry_h_, carry_c_, direct_}) row(plane);
      for (int g = 0; g < g_.gates(); ++g) row(part(g));
      for (int s = 0; s < g_.signals(); ++s) row(signal(s, p));
      step_scale(p)[b] = *row_scale(b) = scale;
      step_exponent(p)[b] += shift;
    }
    const auto tell_one = [&](TimeQuantity quantity, const T* values) {
      observer.on_time_step(g_.time_of(p, p_.reverse), p_.reverse, quantity,
                            ConstView{values, kDTypeOf<T>, Shape{g_.batch, g_.hidden}},
                            scale == kNoScale ? 0 : scale);
    };
    tell_one(TimeQuantity::grad_h, grad_h_);
    if (g_.kind == RecurrentKind::rnn) tell_one(TimeQuantity::grad_z, signal(0, p));
    if (g_.kind == RecurrentKind::lstm) tell_one(TimeQuantity::grad_c, grad_c_);
    if (p == 0) return;
    tell_one(TimeQuantity::grad_h_by_recurrence, carry_h_);
    if (g_.kind == RecurrentKind::lstm) {
      tell_one(TimeQuantity::grad_h_by_carry, carry_c_);
      tell_one(TimeQuantity::grad_h_by_input_gate, part(0));
      tell_one(TimeQuantity::grad_h_by_forget_gate, part(1));
      tell_one(TimeQuantity::grad_h_by_cell_gate, part(2));
      tell_one(TimeQuantity::grad_h_by_output_gate, part(3));
    } else if (g_.kind == RecurrentKind::gru) {
      tell_one(TimeQuantity::grad_h_by_carry, direct_);
      tell_one(TimeQuantity::grad_h_by_reset_gate, part(0));
      tell_one(TimeQuantity::grad_h_by_update_gate, part(1));
      tell_one(TimeQuantity::grad_h_by_new_gate, part(2));
    }
  }

  /// Rescales the block's signals, or everything written before them, to the larger scale.
  void bring_to_one_scale(std::int64_t first, std::int64_t steps) {
    const int* const scales = step_scale(first);
    const int largest = *std::max_element(scales, scales + steps * g_.batch);
    if (largest != kNoScale && (!total_.known || largest > total_.log2)) {
      if (total_.known) rescale_written(first + steps, total_.log2 - largest);
      total_ = {largest, true};
    }
    for (std::int64_t p = first; p < first + steps; ++p) {
      // The samples of a thread have the same scale.
      for (std::int64_t begin = 0, end = 0; begin < g_.batch; begin = end) {
        const int scale = step_scale(p)[begin];
        while (end < g_.batch && step_scale(p)[end] == scale) ++end;
        if (scale != kNoScale && scale != total_.log2) {
          lower_step(p, begin, end, scale - total_.log2);
        }
      }
    }
  }

  /// Products with denormals take a hundred times as long as others, and what they would add is
  /// lost in all but sums of nothing else: signals that small become 0.
  void lower_step(std::int64_t p, std::int64_t begin, std::int64_t end, int log2) {
    const std::int64_t count = (end - begin) * g_.hidden;
    const bool lost = step_exponent(p)[begin] + log2 < kSmallest<T>;
    for (int s = 0; s < g_.signals(); ++s) {
      T* const values = signal(s, p) + begin * g_.hidden;
      if (lost) {
        std::replace_if(
            values, values + count, [](T v) { return std::isfinite(v); }, T(0));
      } else {
        scale_by(values, count, log2);
      }
    }
  }

  void rescale_written(std::int64_t done_from, int log2) {
    for (Param& param : out_.all_params) {
      if (!param.grad_is_zero) scale_by_power_of_two(param.grad.view(), log2);
    }
    if (out_.grad_x == nullptr) return;
    // The first direction has written its positions from done_from on, the second adds to all.
    const std::int64_t from = p_.reverse ? 0 : done_from;
    for (std::int64_t b = 0; b < g_.batch; ++b) {
      scale_by(out_.grad_x + (b * g_.steps + from) * g_.in, (g_.steps - from) * g_.in, log2);
    }
  }

  /// The block's part of every parameter's gradient, split by rows of the weights.
  void add_parameters(std::int64_t first, std::int64_t steps, const Context& context) {
    const std::int64_t rows = steps * g_.batch, hidden = g_.hidden;
    p_.gather_x(first, 0, rows, x_rows_);
    const auto beta = [&](std::size_t i) { return out_.params[i].grad_is_zero ? T(0) : T(1); };
    const bool bias = out_.params.size() > 2;
    const auto grad = [&](std::size_t i) { return out_.params[i].grad.template as<T>().data(); };
    const std::int64_t grain = (1 << 19) / std::max<std::int64_t>(1, rows * (g_.in + hidden)) + 1;
    context.pool.run(g_.gates() * hidden, (grain + 7) / 8 * 8, [&](auto begin, auto end) {
      for (int g = 0; g < g_.gates(); ++g) {
        const std::int64_t from = std::max<std::int64_t>(begin, g * hidden);
        const std::int64_t to = std::min<std::int64_t>(end, (g + 1) * hidden), units = to - from;
        if (units <= 0) continue;
        const T* const by_input = signal(g_.input_signal(g), first) + from - g * hidden;
        const T* const by_state = signal(g_.recurrent_signal(g), first) + from - g * hidden;
        // [rows, units]^T x [rows, in] -> [units, in], and with h_{t-1} for x
        gemm(Transpose::yes, Transpose::no, units, g_.in, rows, by_input, hidden, x_rows_, g_.in,
             beta(0), grad(0) + from * g_.in, g_.in);
        gemm(Transpose::yes, Transpose::no, units, hidden, rows, by_state, hidden,
             state(first, first - 1), hidden, beta(1), grad(1) + from * hidden, hidden);
        if (!bias) continue;
        column_sums(by_input, rows, units, hidden, beta(2), grad(2) + from);
        column_sums(by_state, rows, units, hidden, beta(3), grad(3) + from);
      }
    });
    for (Param& param : out_.params) param.grad_is_zero = false;
  }

  void write_grad_x(std::int64_t first, std::int64_t steps, const Context& context) {
    const std::int64_t hidden = g_.hidden, in = g_.in;
    context.pool.run(steps * g_.batch, g_.row_grain(), [&](std::int64_t begin, std::int64_t end) {
      T* const rows = grad_x_rows_ + begin * in;
      for (int g = 0; g < g_.gates(); ++g) {
        // [rows, hidden] x [hidden, in] -> [rows, in]
        gemm(Transpose::no, Transpose::no, end - begin, in, hidden,
             signal(g_.input_signal(g), first) + begin * hidden, hidden,
             p_.weights.ih + g * hidden * in, in, g == 0 ? T(0) : T(1), rows, in);
      }
      p_.for_rows(first, begin, end, [&](std::int64_t r, std::int64_t at) {
        const T* const from = grad_x_rows_ + r * in;
        T* const to = out_.grad_x + at;
        if (p_.reverse) {
          for (std::int64_t j = 0; j < in; ++j) to[j] += from[j];
        } else {
          copy_row(from, in, to);
        }
      });
    });
  }

  const RecurrentPass<T>& p_;
  const RecurrentGeometry& g_;
  const RecurrentGradients<T>& out_;
  RecurrentScale& total_;
  T* x_rows_;       ///< [block, batch, in]
  T* grad_x_rows_;  ///< [block, batch, in]
  T* states_;       ///< h of the block and before it, [1 + block, batch, hidden]
  T* signals_;      ///< gradients of the pre-activations, [signals, block, batch, hidden]
  T *grad_h_, *grad_c_, *carry_h_, *carry_c_;  ///< of the position that is worked on
  T* direct_;                                  ///< gru: the part of carry_h that the gate z lets by
  T* parts_;                                   ///< the parts of carry_h by gates
};

}  // namespace

template <class T>
void recurrent_backward(const RecurrentPass<T>& pass, const RecurrentGradients<T>& gradients,
                        RecurrentScale& scale, const Context& context) {
  BackwardPass<T>(pass, gradients, scale).run(context);
}

template void recurrent_backward(const RecurrentPass<float>&, const RecurrentGradients<float>&,
                                 RecurrentScale&, const Context&);
template void recurrent_backward(const RecurrentPass<double>&, const RecurrentGradients<double>&,
                                 RecurrentScale&, const Context&);

}  // namespace plumb
