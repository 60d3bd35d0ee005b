// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/core/view.h"

namespace plumb {

/// What of a recurrent layer is observed at every time step. Gates are after their activation.
enum class TimeQuantity : std::uint8_t {
  h,                ///< hidden state h_t
  c,                ///< cell state c_t (lstm)
  input_gate,       ///< i_t (lstm)
  forget_gate,      ///< f_t (lstm)
  cell_gate,        ///< g_t (lstm)
  output_gate,      ///< o_t (lstm)
  reset_gate,       ///< r_t (gru)
  update_gate,      ///< z_t (gru): 1 keeps h_{t-1}
  new_gate,         ///< n_t (gru)
  grad_h,           ///< dLoss/dh_t, complete: from the layer above and from step t + 1
  grad_c,           ///< dLoss/dc_t, complete
  grad_h_by_carry,  ///< part of grad_h_{t-1} (gru) or grad_c_{t-1} (lstm) along the direct way z_t
                    ///< or f_t
  grad_h_by_input_gate,  ///< parts of grad_h_{t-1} through the recurrent weights of one gate
  grad_h_by_forget_gate,
  grad_h_by_cell_gate,
  grad_h_by_output_gate,
  grad_h_by_reset_gate,
  grad_h_by_update_gate,
  grad_h_by_new_gate
};

/// Watches the passes of recurrent layers step by step. It must not change what it sees.
///
/// Threads Called from the thread that runs the pass.
class TimeObserver {
 public:
  virtual ~TimeObserver() = default;
  /// values: [batch, hidden] at time step t (0 is the first of the input); true value =
  /// values * 2^log2_scale. `reverse` tells the second direction of a bidirectional layer. The
  /// layer that runs is known to whoever observes the pass (PassObserver).
  virtual void on_time_step(std::int64_t t, bool reverse, TimeQuantity quantity, ConstView values,
                            int log2_scale) = 0;
};

}  // namespace plumb
