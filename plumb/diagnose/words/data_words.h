// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/diagnose/words/sentences.h"

/// What is said of columns that say the same.
namespace plumb::words {

std::string collinear_columns(const Telling& telling);
std::string collinear_columns_do(const Telling& telling);

}  // namespace plumb::words
