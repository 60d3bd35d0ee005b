// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace plumb {

/// The size 2^log2 as a person writes it: "0.24", "210", "3e-26", also where no double holds it
/// ("7.6e-1205"); "zero" and "infinity" for the infinities.
std::string size_text(double log2);

/// The text with its first letter a capital: a layer at the beginning of a sentence.
std::string capitalised(std::string text);

/// "1 layer", "4 layers".
std::string count_text(long long count, std::string_view noun);

/// A loss, in four digits: "2.303", "1.2e-09".
std::string loss_text(double loss);

/// "0.25" as "25 %".
std::string percent_text(double fraction);

/// "step 0", "steps 0 to 5".
std::string steps_text(long long first, long long last);

}  // namespace plumb
