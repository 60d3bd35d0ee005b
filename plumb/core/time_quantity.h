// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace plumb {

/// What of a recurrent layer is observed at a time step t. Gates are after their activation.
///
/// A part is named after where it arrives, the step before (t - 1; t + 1 in the reverse direction
/// of a bidirectional layer), and told with the step t that it passes through. What arrives before
/// the first step, at the initial state, need not be told.
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
  grad_z,           ///< dLoss/dz_t, z_t the pre-activation of h_t (rnn): f'(z_t) * grad_h_t
  grad_h_by_carry,  ///< part of grad_h_{t-1} (gru) or grad_c_{t-1} (lstm) along the direct way z_t
                    ///< or f_t
  grad_h_by_recurrence,  ///< part of grad_h_{t-1} that came back from step t by all ways together:
                         ///< all of it but what the layer above adds
  grad_h_by_input_gate,  ///< parts of grad_h_{t-1} through the recurrent weights of one gate
  grad_h_by_forget_gate,
  grad_h_by_cell_gate,
  grad_h_by_output_gate,
  grad_h_by_reset_gate,
  grad_h_by_update_gate,
  grad_h_by_new_gate
};
inline constexpr std::size_t kTimeQuantityCount = 21;

std::string_view to_string(TimeQuantity quantity);  ///< "grad_h_by_carry"; stable, stored
std::optional<TimeQuantity> parse_time_quantity(std::string_view text);

/// True for the gates, whose values have a range of their own: 0..1, or -1..1 for the cell gate and
/// the new gate.
bool is_gate(TimeQuantity quantity);

}  // namespace plumb
