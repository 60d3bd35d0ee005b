// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "plumb/nn/spec/spec.h"

namespace plumb {

struct SpecToken {
  enum class Kind : std::uint8_t { word, next, open, close, equals, end };
  Kind kind = Kind::end;
  SpecWord word;  ///< the text as written; empty at the end
};

/// The text cut into words and the marks > [ ] =, closed by an `end` token.
/// Errors  SpecError for a character that the language does not know.
std::vector<SpecToken> tokenise(const std::string& text);

}  // namespace plumb
