// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/diagnose/words/sentences.h"

/// The sentences of the rule underflow.
namespace plumb::words {

std::string underflow_symptom(const Telling& telling);
std::string underflow_consequence(const Telling& telling);
std::string underflow_cause(const Telling& telling);

}  // namespace plumb::words
