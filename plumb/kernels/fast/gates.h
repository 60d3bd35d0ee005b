// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/kernels/ref/gates.h"

/// Vector kernels of the gated cells in float. Contracts, and definitions, in ref/gates.h.
///
/// Any length, any alignment of float; what is read may be what is written. A gate's NaN stays in
/// that gate. Values are within 8 units in the last place of the double reference; an element's
/// bits do not depend on where it stands.
namespace plumb::fast {

void lstm_forward(const ref::LstmForward<float>& a, std::int64_t count);
void lstm_backward(const ref::LstmBackward<float>& a, std::int64_t count);
void gru_forward(const ref::GruForward<float>& a, std::int64_t count);
void gru_backward(const ref::GruBackward<float>& a, std::int64_t count);

}  // namespace plumb::fast
