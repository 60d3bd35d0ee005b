// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/diagnose/words/sentences.h"

/// What is said of the calls around the network.
namespace plumb::words {

/// The sentences of those who saw the calls, each with its full stop.
std::string loop_text(const RunInfo& info);
std::string training_loop(const Telling& telling);
std::string training_loop_does(const Telling& telling);
std::string mend_loop(const Remedy& remedy);

}  // namespace plumb::words
