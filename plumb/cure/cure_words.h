// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "plumb/cure/cure.h"

namespace plumb {

/// The report of a cure as lines: what was found in the untreated training, the candidates with
/// what was predicted and what they came to, how it ended, what is to be changed, the proof. An
/// empty line stands between the parts.
std::vector<std::string> cure_lines(const CureReport& report);

/// How it ended, in one sentence or two.
std::string ending_text(const CureReport& report);

}  // namespace plumb
