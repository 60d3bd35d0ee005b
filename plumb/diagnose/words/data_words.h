// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/diagnose/words/sentences.h"

/// What is said of the order of the samples and of columns that say the same.
namespace plumb::words {

std::string sorted_batches(const Telling& telling);
std::string sorted_batches_do(const Telling& telling);
std::string batch_order_text();
std::string constant_targets(const Telling& telling);
std::string constant_targets_do(const Telling& telling);
std::string collinear_columns(const Telling& telling);
std::string collinear_columns_do(const Telling& telling);

}  // namespace plumb::words
