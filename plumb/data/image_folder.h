// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "plumb/data/dataset.h"

namespace plumb {

struct ImageFolderOptions {
  std::int64_t height = 0;  ///< to resize to; 0: all images have one size
  std::int64_t width = 0;
  bool grey = false;
  /// Where there are no folders of classes, the images that lie in DIR itself are those of one
  /// class without a name.
  bool may_be_loose = false;
};

/// The images in folders, a folder a class (as torchvision's ImageFolder has them): DIR/cat/1.png,
/// DIR/dog/any/2.jpg. Classes are numbered by the bytes of their names, and their images by the
/// bytes of their paths; the samples take one of each class in turn, so that the first of them show
/// all classes.
///
/// x [n, 3, height, width], or [n, height, width] for grey images, in [0, 1]. It is grey if all
/// files are, or where asked for: 0.299 red + 0.587 green + 0.114 blue (ITU-R BT.601).
///
/// Hidden files and what does not end in .png, .jpg or .jpeg are passed over; a note counts them.
/// Errors  DataError naming the folder: no class folder, no image; naming the file: cannot be read,
///         damaged, another size than the first where none is asked for.
Dataset load_image_folder(const std::string& directory, const ImageFolderOptions& options);

}  // namespace plumb
