// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plumb/nn/layer_request.h"

namespace plumb {

/// The maximum over a window, channel by channel.
///
///   y[n, c, i, j] = max over k, l of x[n, c, i stride - pad + k, j stride - pad + l]
///
/// The padding never wins. A NaN in a window is its maximum. The stride is the window's size and
/// the padding 0 unless told otherwise.
///
/// Shapes  x [batch, channels, height, width] or, with one channel, [batch, height, width]; y [batch,
///         channels, y_height, y_width], y_height = (height + 2 pad - size) / stride + 1, rounded
///         down.
/// vjp     grad_x = grad_y at the place of the maximum (the first in row-major order where several
///         are equal), summed over the windows that share it; 0 elsewhere.
/// Errors  ShapeError if x is no image or smaller than the window.
/// Threads Planes are split; the bits do not depend on the split.
/// Source  As torch.nn.MaxPool2d.
///
/// Made by the factory alone (window_pool.h has what pooling layers of a window share).
std::unique_ptr<Layer> make_maxpool(LayerRequest& request);

}  // namespace plumb
