// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "plumb/diagnose/words/sentences.h"

/// What took the gradient on its way through the depth: the sentences of cause() about it, and the
/// small words that they share with the others. Private to words/.
namespace plumb::words {

/// Whether the gradient was lost on the way, not gained.
bool is_loss(const Telling& telling);
/// "0.25", of a fact that is a log2.
std::string size_at(const Telling& telling, Quantity quantity);
/// "72 % of it"
std::string share_text(const Telling& telling);
/// The kind of activation at the place of the cause.
std::string activation_at(const Telling& telling);

std::string derivative_text(const Telling& telling);
std::string weight_text(const Telling& telling);
std::string together_text(const Telling& telling);
std::string normalisation_text(const Telling& telling);
std::string residual_text(const Telling& telling);
/// A layer out of line with its like, at `where`.
std::string odd_text(const Telling& telling, const std::string& where);
/// One layer that is not taken apart, or several that are alike.
std::string single_text(const Telling& telling);
/// Those of softmax.
std::string row_text(const Telling& telling);

}  // namespace plumb::words
