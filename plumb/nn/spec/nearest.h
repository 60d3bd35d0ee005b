// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace plumb {

/// Edits (insert, delete, replace, swap of neighbours) that lead from a to b.
/// Source  Optimal string alignment distance: Damerau 1964 by the recurrence of Wagner and Fischer 1974.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The name that was probably meant: the first of the smallest distance, if that is at most a third
/// of the word's length (at least 1); empty otherwise.
std::string_view nearest_name(std::string_view word, std::span<const std::string_view> names);

/// ", did you mean 'dense'?", or empty: the tail of an "unknown ..." message.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> names);

/// "a, b or c", for messages.
std::string join_names(std::span<const std::string_view> names);

}  // namespace plumb
