// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/diagnose/words/sentences.h"

/// What a column of the data is called, by Quantity::column_number of the finding.
namespace plumb::words {

/// "column 'amount'", "column 3 (counted from 0)".
std::string column_text(const Telling& telling);
/// "the targets", "target 2 (counted from 0)" where there are several.
std::string target_text(const Telling& telling);

}  // namespace plumb::words
