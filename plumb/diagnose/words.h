// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace plumb {

/// "2^-41.2 (4e-13)"; without the brackets beyond the range of double; "zero" for -infinity.
std::string power_text(double log2);

/// "1 layer", "4 layers".
std::string count_text(long long count, std::string_view noun);

/// "0.25" as "25 %".
std::string percent_text(double fraction);

/// "step 0", "steps 0 to 5".
std::string steps_text(long long first, long long last);

}  // namespace plumb
