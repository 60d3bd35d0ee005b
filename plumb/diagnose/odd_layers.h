// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "plumb/flow/ledger.h"
#include "plumb/record/finding_kinds.h"

namespace plumb {

/// One layer that does something else to the gradient than those it stands among.
///
/// Measured   Of every layer of the main chain with what follows it up to the next one: what its
///            weights, the derivatives, the normalisation and the residual block make of the norm of one sample's gradient, in log2. Alignment is
///            left out: it is what chance does. The same of the size of every weight alone, those
///            on branches and shortcuts too, where no normalisation undoes it.
/// Against    The median of all of them: a single one does not move it, as it moves an average.
///            The scatter is the median absolute deviation, 1.4826 of it being a standard
///            deviation.
/// Odd        Off the median by kOddLog2 and by kOddDeviations of the scatter, in a network of at
///            least kFewestLayers.
/// Left out   Layers that started at zero (zero_start.h).
struct OddLayer {
  LayerId layer = kNoLayer;  ///< the one to change: of odd_derivative the activation, ...
  CauseKind kind = CauseKind::odd_weight;  ///< or odd_derivative, odd_normalisation, odd_branch
  double log2 = 0;                         ///< own - usual
  double own = 0;         ///< log2 of its own gain: of the weight, of f', of the whole block
  double usual = 0;       ///< the median of the same of the others
  std::size_t alike = 0;  ///< how many others there are
  bool on_chain = false;  ///< the main way of the gradient crosses it between first and last layer
  bool is_far = false;    ///< kOddFarLog2 or more; others are named only where they explain a flow
};

inline constexpr double kOddLog2 = 2;         ///< a factor of 4, where it explains a flow
inline constexpr double kOddFarLog2 = 6.644;  ///< a factor of 100, by itself
inline constexpr double kOddTearsLog2 = 3;    ///< a factor of 8, where the steps are too large
inline constexpr double kOddDeviations = 6;
inline constexpr std::size_t kFewestLayers = 4;

/// The farthest off first. `profile` is that of the same step; `from_zero` the layers that started
/// at zero, ascending.
std::vector<OddLayer> odd_layers(const LayerGraph& graph, const Ledger& ledger,
                                 std::span<const FlowPoint> profile,
                                 std::span<const LayerId> from_zero);

}  // namespace plumb
