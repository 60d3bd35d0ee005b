// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

#include "plumb/kernels/ref/logistic.h"

/// One time step of the gated cells, elementwise over `count` units of a batch, in plain loops.
/// Gates come in as pre-activations and stay as values, which the backward step reads again.
/// Derivatives are formed from the values, y (1 - y) and 1 - y^2, as in PyTorch.
namespace plumb::ref {

template <class T>
struct LstmForward {
  T *input, *forget, *cell, *output;  ///< pre-activations; overwritten by the gates i, f, g, o
  const T* c_before;
  T *c, *h;  ///< c = f c_before + i g;  h = o tanh(c)
};

template <class T>
void lstm_forward(const LstmForward<T>& a, std::int64_t count) {
  for (std::int64_t k = 0; k < count; ++k) {
    const T i = logistic(a.input[k]), f = logistic(a.forget[k]);
    const T g = std::tanh(a.cell[k]), o = logistic(a.output[k]);
    const T c = f * a.c_before[k] + i * g;
    a.input[k] = i;
    a.forget[k] = f;
    a.cell[k] = g;
    a.output[k] = o;
    a.c[k] = c;
    a.h[k] = o * std::tanh(c);
  }
}

template <class T>
struct LstmBackward {
  const T *input, *forget, *cell, *output, *c, *c_before;  ///< of the forward step
  const T* grad_h;                                         ///< complete
  T* carry_c;  ///< in: what step t + 1 gives to c_t; out: what this step gives to c_{t-1}
  T* grad_c;   ///< complete: carry_c + grad_h o (1 - tanh(c)^2)
  T *z_input, *z_forget, *z_cell, *z_output;  ///< gradients of the pre-activations
};

template <class T>
void lstm_backward(const LstmBackward<T>& a, std::int64_t count) {
  for (std::int64_t k = 0; k < count; ++k) {
    const T i = a.input[k], f = a.forget[k], g = a.cell[k], o = a.output[k];
    const T tanh_c = std::tanh(a.c[k]);
    const T grad_h = a.grad_h[k];
    const T grad_c = a.carry_c[k] + grad_h * o * (T(1) - tanh_c * tanh_c);
    a.grad_c[k] = grad_c;
    a.carry_c[k] = grad_c * f;
    a.z_input[k] = grad_c * g * (i * (T(1) - i));
    a.z_forget[k] = grad_c * a.c_before[k] * (f * (T(1) - f));
    a.z_cell[k] = grad_c * i * (T(1) - g * g);
    a.z_output[k] = grad_h * tanh_c * (o * (T(1) - o));
  }
}

template <class T>
struct GruForward {
  T *reset, *update;     ///< pre-activations; overwritten by the gates r, z
  const T* hidden_part;  ///< W_hn h_before + b_hn
  T* candidate;          ///< W_in x + b_in; overwritten by n = tanh(it + r hidden_part)
  const T* h_before;
  T* h;  ///< (1 - z) n + z h_before
};

template <class T>
void gru_forward(const GruForward<T>& a, std::int64_t count) {
  for (std::int64_t k = 0; k < count; ++k) {
    const T r = logistic(a.reset[k]), z = logistic(a.update[k]);
    const T n = std::tanh(a.candidate[k] + r * a.hidden_part[k]);
    a.reset[k] = r;
    a.update[k] = z;
    a.candidate[k] = n;
    a.h[k] = (T(1) - z) * n + z * a.h_before[k];
  }
}

template <class T>
struct GruBackward {
  const T *reset, *update, *hidden_part, *candidate, *h_before;  ///< of the forward step
  const T* grad_h;                                               ///< complete
  T* carry_h;                 ///< what this step gives to h_{t-1} directly: grad_h z
  T *z_reset, *z_update;      ///< gradients of the pre-activations
  T *z_hidden, *z_candidate;  ///< of hidden_part and of W_in x + b_in
};

template <class T>
void gru_backward(const GruBackward<T>& a, std::int64_t count) {
  for (std::int64_t k = 0; k < count; ++k) {
    const T r = a.reset[k], z = a.update[k], n = a.candidate[k];
    const T grad_h = a.grad_h[k];
    const T z_candidate = grad_h * (T(1) - z) * (T(1) - n * n);
    a.carry_h[k] = grad_h * z;
    a.z_candidate[k] = z_candidate;
    a.z_hidden[k] = z_candidate * r;
    a.z_reset[k] = z_candidate * a.hidden_part[k] * (r * (T(1) - r));
    a.z_update[k] = grad_h * (a.h_before[k] - n) * (z * (T(1) - z));
  }
}

}  // namespace plumb::ref
