// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace plumb {

/// Whether a trimmed cell among numbers stands for a missing one: empty, NA, N/A, NaN, null, None,
/// ?, -, ., a spreadsheet's #N/A or #DIV/0! and the like (the list of pandas and these signs).
bool is_missing(std::string_view cell);

/// The same among words, where None, - and ? may be values of their own: empty, NA, N/A, NaN, null
/// and #N/A.
bool is_missing_word(std::string_view cell);

}  // namespace plumb
