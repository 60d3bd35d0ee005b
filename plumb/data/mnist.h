// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/data/dataset.h"

namespace plumb {

/// MNIST, Fashion-MNIST or any set in their form: x [n, height, width] scaled to [0, 1], 10
/// classes.
///
/// The folder holds {train,t10k}-images-idx3-ubyte and {train,t10k}-labels-idx1-ubyte, or with a
/// dot (train-images.idx3-ubyte), each plain or with .gz. The train files are taken if there, else
/// t10k.
///
/// Errors  DataError naming the folder or file: missing, those of read_idx, no images, images of no
///         pixels, other counts of images and labels, a label above 9.
Dataset load_mnist(const std::string& folder);

}  // namespace plumb
