// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "plumb/core/rng.h"
#include "plumb/nn/param.h"

namespace plumb {

inline constexpr std::string_view kFixup = "fixup";

/// How a tensor is filled at the start. Written as text "NAME" or "NAME:VALUE" ("normal:0.02",
/// "constant:0.5", "he_normal"); `gain` multiplies what the scheme gives.
///
///   zeros, constant:V, uniform:A = U(-A, A), normal:S = N(0, S^2)
///   identity                        ones on the diagonal (also of a rectangle); of a convolution
///                                   [out, in, height, width]: on the central tap, out = in
///   lecun_uniform, lecun_normal     variance gain^2 / fan_in                LeCun et al. 1998
///   glorot_uniform, glorot_normal   variance gain^2 * 2 / (fan_in + fan_out)  Glorot and Bengio 2010, eq. 12, 16
///   he_uniform, he_normal           variance gain^2 * 2 / fan_in            He et al. 2015, eq. 10
///   orthogonal                      gain * Q, Q from the QR decomposition of a normal matrix, signs fixed; Saxe et al. 2013
///   delta_orthogonal                of a convolution: gain * Q [out, in] (of each group) on the central tap, 0 on the
///                                   others; otherwise as orthogonal. Xiao et al. 2018, arXiv:1806.05393, algorithm 1
///   fixup                           he_normal, and what a layer's place in the network asks for (fixup.h):
///                                   the Network knows; for a tensor alone it is he_normal; Zhang et al. 2019
///   pytorch                         torch.nn.Linear's default: U(-1/sqrt(fan_in), 1/sqrt(fan_in)), times gain
/// Aliases: xavier_* = glorot_*, kaiming_* = he_*, standard = pytorch.
///
/// Uniform variances are reached by U(-l, l) with l = sqrt(3 * variance). orthogonal sees a tensor
/// of rank > 2 as [extent 0, rest]: orthonormal columns if there are more rows than columns, else
/// rows. A vector (a bias) has no diagonal and no columns: identity, orthogonal and
/// delta_orthogonal leave it at zero. The central tap of a window of even size is the one before
/// the middle, which by default sees the pixel itself. A fan that a param does not have (0) counts
/// as 1.
struct InitScheme {
  std::string name = "pytorch";
  double value = 0;  ///< of constant, uniform, normal
  double gain = 1;
};

/// Errors  SpecError for an unknown name (the nearest one is offered), a missing, extra or non-finite
///         value, a negative one of uniform or normal, or a gain that is not finite.
InitScheme parse_init(std::string_view text, double gain = 1);
/// "NAME" or "NAME:VALUE", in the fewest digits that read back as the same value; the gain is not
/// part of it.
std::string to_string(const InitScheme& scheme);

/// The names, for help and completion.
std::span<const std::string_view> init_names();

/// The variance of an element of a random tensor with these fans, 0 for zeros: what mean-field
/// theory wants to know. Of orthogonal it is that of the entries of a matrix [fan_out, fan_in]. NaN
/// for constant and identity, which are not random, and for delta_orthogonal, whose entries are not
/// alike.
double init_variance(const InitScheme& scheme, std::int64_t fan_in, std::int64_t fan_out);

/// Fills param.value. The fans are the param's own (a bias has those of its weight). Element i
/// depends on (rng, i) alone, computed in double and rounded once, so float and double agree to
/// rounding and any thread count gives the same bits (orthogonal: on (rng, shape), in
/// O(rows * columns * min(rows, columns))).
/// Errors  SpecError for a name that parse_init does not give.
void initialise(Param& param, const InitScheme& scheme, const Rng& rng);

}  // namespace plumb
