// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "plumb/diagnose/diagnosis.h"

namespace plumb {

/// The verdict in plain words, two or three sentences: what is wrong, where, why, and what it means
/// for learning; or that nothing was found and what was looked at; or what is missing, so that
/// nothing can be said. Its kind is Diagnosis::outcome().
std::string verdict(const Diagnosis& diagnosis);
/// With the findings that the view has, from wherever they come.
std::string verdict(const RunView& view, std::span<const Finding> findings);
/// The short way, for findings of the whole run. Books the run anew where none are given.
std::string verdict(const Run& run, std::span<const Finding> findings);

}  // namespace plumb
