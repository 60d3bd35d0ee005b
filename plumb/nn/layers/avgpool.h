// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "plumb/nn/layer_request.h"

namespace plumb {

/// The mean over a window, channel by channel.
///
///   y[n, c, i, j] = 1 / area * sum over k, l of x[n, c, i stride - pad + k, j stride - pad + l]
///
/// x is 0 outside of the image, and the area is that of the whole window, padding included. The
/// stride is the window's size and the padding 0 unless told otherwise.
///
/// Shapes  As maxpool.
/// vjp     grad_x = sum of grad_y / area over the windows that see the pixel
/// Errors  ShapeError if x is no image or smaller than the window.
/// Threads Planes are split; the bits do not depend on the split.
/// Source  As torch.nn.AvgPool2d with its default count_include_pad=True.
///
/// Made by the factory alone (window_pool.h has what pooling layers of a window share).
std::unique_ptr<Layer> make_avgpool(LayerRequest& request);

}  // namespace plumb
