// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "plumb/lab/lab_json.h"

namespace plumb::lab {

/// The experiments as one self-contained HTML page: script, style and data inside, nothing loaded
/// from anywhere. The page itself is built from web/.
std::string render_page(std::span<const Finished> finished);

/// Errors  StoreError when the file cannot be written.
void write_page(std::span<const Finished> finished, const std::string& path);

}  // namespace plumb::lab
