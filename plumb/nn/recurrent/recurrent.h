// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plumb/nn/layer.h"
#include "plumb/nn/layer_request.h"

namespace plumb {

enum class RecurrentKind : std::uint8_t { rnn, lstm, gru };
enum class RnnActivation : std::uint8_t { tanh, relu, sigmoid, identity };

/// What was asked of the start of a recurrent layer, for those who look at it later: it changes
/// nothing. RecurrentStart in recurrent_start.h has the formulas.
struct RecurrentStartFacts {
  bool orthogonal = false;     ///< of the recurrent weight
  bool identity = false;       ///< likewise
  std::optional<double> gain;  ///< of either
  std::optional<double> forget_bias;
  std::int64_t memory_steps = 0;  ///< of chrono; 0: none
};

struct RecurrentOptions {
  RecurrentKind kind = RecurrentKind::rnn;
  std::int64_t in = 1;
  std::int64_t hidden = 1;
  RnnActivation activation = RnnActivation::tanh;  ///< of rnn
  bool bias = true;
  bool bidirectional = false;
  std::int64_t bptt = 0;  ///< the gradient is cut before every bptt-th step; 0: never
  RecurrentStartFacts start;
};

/// What the backward passes of a layer's directions share: the scale of everything written so far.
struct RecurrentScale {
  int log2 = 0;
  bool known = false;  ///< false while only zeros are written
};

/// The recurrent layers, with h_{-1} = 0 and c_{-1} = 0:
///
///   rnn   h_t = f(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)
///   lstm  [i f g o] = [s s tanh s](W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), s the logistic function,
///         c_t = f c_{t-1} + i g,   h_t = o tanh(c_t)
///   gru   [r z] = s(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh),
///         n = tanh(W_in x_t + b_in + r (W_hn h_{t-1} + b_hn)),   h_t = (1 - z) n + z h_{t-1}
///
/// A bidirectional layer runs a second set of weights from the last step to the first; y holds both
/// states of a step side by side.
///
/// Shapes  x [batch, steps, in], y [batch, steps, hidden or 2 hidden], weight_ih_l0 [gates * hidden,
///         in], weight_hh_l0 [gates * hidden, hidden], bias_ih_l0 and bias_hh_l0 [gates * hidden]; those
///         of the second direction end in _reverse. Names and order of gates as in torch.nn.
/// vjp     Backpropagation through time. With bptt = K what step t gives to step t - 1 is dropped
///         where t (counted from the layer's first step) is a multiple of K.
/// Beyond the range of float: the signal that goes back through time is kept as values * 2^scale
///         and rescaled by exact powers of two at each step where it leaves 2^-40 .. 2^40 (2^-400 ..
///         2^400 in double). A TimeObserver gets each step with its scale. grad_x and the
///         parameters' gradients get one scale, that of their largest contribution
///         (extra_log2_scale), so that contributions below its range are 0 there as they would be
///         in the sum. A gradient that is there from an earlier pass has the scale that its
///         Param::grad_log2_scale says, counted from that of grad_y (the Network sees to it).
/// Units   The factories give the parameters torch's start, U(-1/sqrt(hidden), 1/sqrt(hidden)), or
///         what the options say.
/// Errors  ShapeError if x is not [batch, steps, in].
/// Threads The batch is split over the threads, each running through time on its own; the products
///         that make the parameters' gradients are split by rows. The same thread count gives the
///         same bits. On measured steps the threads meet after each step, with the same bits.
/// Source  Elman 1990; Hochreiter and Schmidhuber 1997 with the forget gate of Gers et al. 2000; Cho
///         et al. 2014, with the reset gate behind the product as in cuDNN and PyTorch. Werbos 1990
///         for backpropagation through time, Williams and Peng 1990 for its truncation (here in
///         disjoint windows).
class Recurrent final : public Layer {
 public:
  /// `path` names the layer in errors. The parameters are 0.
  Recurrent(const RecurrentOptions& options, DType dtype, std::string path);

  std::string_view kind() const override;
  LayerFamily family() const override { return LayerFamily::recurrent; }
  Shape output_shape(const Shape& x) const override;
  void plan(const Shape& x) override;
  void forward(ConstView x, View y, const Context& context) override;
  void backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                const Context& context) override;
  std::span<Param> params() override { return params_; }
  int extra_log2_scale() const override { return extra_log2_scale_; }

  const RecurrentOptions& options() const { return options_; }
  int gate_count() const;
  int direction_count() const { return options_.bidirectional ? 2 : 1; }

 private:
  RecurrentScale meet_old_gradients();

  RecurrentOptions options_;
  DType dtype_;
  std::string path_;
  std::vector<Param> params_;
  Shape planned_;              ///< of x
  std::vector<Tensor> saved_;  ///< of each direction, for its backward pass
  Tensor work_;                ///< of the passes, one after the other
  std::vector<int> scales_;    ///< of the backward pass
  int extra_log2_scale_ = 0;
};

}  // namespace plumb
