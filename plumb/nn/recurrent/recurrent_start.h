// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "plumb/nn/init.h"
#include "plumb/nn/recurrent/recurrent.h"

namespace plumb {

/// How the parameters of a recurrent layer start.
///
///   otherwise     U(-1/sqrt(hidden), 1/sqrt(hidden)) for all, as in torch.nn
///   recurrent     each gate's [hidden, hidden] part of weight_hh by this scheme of nn/init
///   zero_bias     all biases 0
///   forget_bias   of lstm: the forget gate's bias_ih = V, its bias_hh = 0
///   chrono        of lstm: the forget gate's bias_ih = ln u with u ~ U[1, T_max - 1], the input
///                 gate's minus that, both gates' bias_hh = 0; of gru: the update gate's (1 keeps
///                 the state) = ln u
///   input_deviation  weight_ih ~ N(0, V^2)
///
/// Source  Jozefowicz, Zaremba, Sutskever 2015 (forget bias); Tallec and Ollivier 2018,
///         arXiv:1804.11188 (chrono); Saxe et al. 2013 (orthogonal); Le, Jaitly, Hinton 2015,
///         arXiv:1504.00941 (identity).
struct RecurrentStart {
  std::optional<InitScheme> recurrent;
  bool zero_bias = false;
  std::optional<double> forget_bias;
  std::optional<double> chrono;  ///< T_max
  std::optional<double> input_deviation;
};

/// Reads what rnn, lstm and gru share: HIDDEN, bias, bidirectional, bptt.
/// Errors  SpecError for a wrong option, ShapeError for an x that is not [batch, steps, features].
RecurrentOptions read_recurrent_options(LayerRequest& request, RecurrentKind kind);
/// Reads recurrent, gain, zero_bias; of lstm forget_bias; of lstm and gru chrono.
RecurrentStart read_recurrent_start(LayerRequest& request, RecurrentKind kind);

/// The layer with its parameters drawn from the request's seed and path.
std::unique_ptr<Layer> make_recurrent(const LayerRequest& request, const RecurrentOptions& options,
                                      const RecurrentStart& start);

std::unique_ptr<Layer> make_lstm(LayerRequest& request);
std::unique_ptr<Layer> make_gru(LayerRequest& request);
std::unique_ptr<Layer> make_rnn(LayerRequest& request);

}  // namespace plumb
