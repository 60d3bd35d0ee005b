// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "plumb/kernels/fast/gates.h"
#include "plumb/kernels/ref/gates.h"

/// The gated cells by element type: float takes the vector kernels, double the plain loops.
namespace plumb {

inline void lstm_forward(const ref::LstmForward<float>& a, std::int64_t count) {
  fast::lstm_forward(a, count);
}
inline void lstm_forward(const ref::LstmForward<double>& a, std::int64_t count) {
  ref::lstm_forward(a, count);
}
inline void lstm_backward(const ref::LstmBackward<float>& a, std::int64_t count) {
  fast::lstm_backward(a, count);
}
inline void lstm_backward(const ref::LstmBackward<double>& a, std::int64_t count) {
  ref::lstm_backward(a, count);
}
inline void gru_forward(const ref::GruForward<float>& a, std::int64_t count) {
  fast::gru_forward(a, count);
}
inline void gru_forward(const ref::GruForward<double>& a, std::int64_t count) {
  ref::gru_forward(a, count);
}
inline void gru_backward(const ref::GruBackward<float>& a, std::int64_t count) {
  fast::gru_backward(a, count);
}
inline void gru_backward(const ref::GruBackward<double>& a, std::int64_t count) {
  ref::gru_backward(a, count);
}

}  // namespace plumb
