// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/layers/image_shape.h"

#include "plumb/core/error.h"

namespace plumb {

std::string image_place(const std::string& place, const Shape& x) {
  return place.empty() ? "x has shape " + x.row_shape().to_string() + " a sample, expected "
                       : place + ": x has shape " + x.to_string() + ", expected ";
}

Shape as_images(const Shape& x, const std::string& place) {
  if (x.rank() == 4) return x;
  if (x.rank() == 3) return {x[0], 1, x[1], x[2]};
  throw ShapeError(image_place(place, x) +
                   (place.empty() ? "[channels, height, width] or [height, width]"
                                  : "[batch, channels, height, width] or [batch, height, width]"));
}

Shape slide(const Shape& images, std::int64_t out_channels, const Window& window,
            const std::string& place) {
  const Shape y{images[0], out_channels, window.vertical.output(images[2]),
                window.horizontal.output(images[3])};
  if (y[2] < 1 || y[3] < 1) {
    const auto least = [](const WindowAxis& axis) {
      return std::to_string(axis.size - 2 * axis.pad);
    };
    throw ShapeError(image_place(place, images) + "at least " + least(window.vertical) + " x " +
                     least(window.horizontal) + " pixels for a window of " +
                     std::to_string(window.vertical.size) + "x" +
                     std::to_string(window.horizontal.size));
  }
  return y;
}

Window pooling_window(SpecArguments& arguments) {
  const auto size = arguments.positive_pair(0, "the window");
  const auto stride = arguments.pair("stride", size, 1);
  const auto pad = arguments.pair("pad", {0, 0}, 0);
  arguments.done();
  const Window window{{size[0], stride[0], pad[0]}, {size[1], stride[1], pad[1]}};
  for (const WindowAxis& axis : {window.vertical, window.horizontal}) {
    if (2 * axis.pad > axis.size) {
      arguments.fail("pad is " + std::to_string(axis.pad) + " for a window of " +
                     std::to_string(axis.size) + ", expected at most half of it");
    }
  }
  return window;
}

}  // namespace plumb
