// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/diagnose/words/sentences.h"

/// The words of the rules about data, signal and output. Each is empty for what belongs to another.
namespace plumb::words {

std::string signal_symptom(const Telling& telling);
std::string signal_consequence(const Telling& telling);
std::string signal_cause(const Telling& telling);
std::string signal_evidence(const Telling& telling, const Evidence& evidence);

}  // namespace plumb::words
