// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/diagnose/words/sentences.h"

/// The sentences of the rules about learning: zero_gradient, not_learning, diverging, overfitting
/// and running_statistics.
namespace plumb::words {

std::string zero_gradient_symptom(const Telling& telling);
std::string not_learning_symptom(const Telling& telling);
std::string diverging_symptom(const Telling& telling);
std::string overfitting_symptom(const Telling& telling);
std::string running_statistics_symptom(const Telling& telling);

std::string zero_gradient_consequence(const Telling& telling);
std::string not_learning_consequence(const Telling& telling);
std::string diverging_consequence(const Telling& telling);
std::string overfitting_consequence(const Telling& telling);
std::string running_statistics_consequence(const Telling& telling);

/// "Its cause is not known. Ruled out: ...", by the finding's facts.
std::string ruled_out_text(const Telling& telling);
std::string running_statistics_cause(const Telling& telling);

}  // namespace plumb::words
