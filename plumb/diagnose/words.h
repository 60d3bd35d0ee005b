// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plumb/record/run_info.h"
#include "plumb/record/site.h"

namespace plumb {

/// The words that findings and verdicts are made of.

/// The size 2^log2 as a person writes it: "0.24", "210", "3e-26", also where no double holds it
/// ("7.6e-1205"); "zero" and "infinity" for the infinities.
std::string size_text(double log2);

/// How a person finds a layer: counted as tables and charts count, from the input up. "layer 3" for
/// a layer with weights, "the gate beside layer 3" in a highway, "the tanh after layer 3" for one
/// without, "the flatten before layer 1", "the residual block that ends with layer 4"; "the input"
/// and "the loss". A path that is not in the run is its own name. Finding.path remains the path,
/// for programs.
std::string layer_text(const RunInfo& info, std::string_view path);

/// "layer 31 of 31": the same for a layer with weights, with how many there are.
std::string layer_of_text(const RunInfo& info, std::string_view path);

/// "the output of layer 3", "the gradient at layer 3", "the weight of layer 3".
std::string site_text(const RunInfo& info, const Site& site);

/// The text with its first letter a capital: a layer at the beginning of a sentence.
std::string capitalised(std::string text);

/// "1 layer", "4 layers".
std::string count_text(long long count, std::string_view noun);

/// "0.25" as "25 %".
std::string percent_text(double fraction);

/// "step 0", "steps 0 to 5".
std::string steps_text(long long first, long long last);

}  // namespace plumb
