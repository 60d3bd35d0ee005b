// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace plumb {

/// What a text is that is no table of cells, as a message says it: "JSON", "HTML or XML", "an ARFF
/// file", "LIBSVM's format (index:value)", "a Markdown table", "a Git LFS pointer in place of the
/// file (git lfs pull fetches it)". Empty for all else. Known by its first lines.
std::string_view other_text_format(std::string_view text);

}  // namespace plumb
