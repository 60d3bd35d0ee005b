// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/core/shape.h"
#include "plumb/kernels/window.h"
#include "plumb/nn/spec/arguments.h"

namespace plumb {

/// x as images [batch, channels, height, width]: [batch, height, width] has one channel, as
/// MNIST-like data come.
/// Errors  ShapeError for another rank; `place` names the layer, or is empty where the caller does.
Shape as_images(const Shape& x, const std::string& place);

/// What a message about an image of a wrong shape begins with.
std::string image_place(const std::string& place, const Shape& x);

/// The batched shape that a window makes of images.
/// Errors  ShapeError if the window is larger than the padded image.
Shape slide(const Shape& images, std::int64_t out_channels, const Window& window,
            const std::string& place);

/// The window of a pooling: the argument K or HxW, `stride` (K by default) and `pad` (0 by
/// default).
/// Errors  SpecError if a padding is more than half of the window: some positions would see
///         nothing else.
Window pooling_window(SpecArguments& arguments);

}  // namespace plumb
