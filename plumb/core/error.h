// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

/// One error style: exceptions, thrown where things are built or loaded. Every message names the
/// place, what was given and what was expected, in that order:
///   block.3.dense: x has shape [32, 64], expected [batch, 128]
/// NaN, Inf, dead and exploding units are data, never errors.
namespace plumb {

/// A tensor has the wrong shape for the place it is used in.
struct ShapeError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// A network string, a TOML file or an option is wrong. what() may span several lines: the message,
/// the offending text, and a caret under the column.
struct SpecError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// A data file is missing, truncated, mislabelled or holds a value that cannot be used.
struct DataError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A run file cannot be opened, written or understood.
struct StoreError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A call that the contract of its class rules out: out of order, on something that was moved from,
/// or with arguments that do not belong together. The mistake is the program's, not its input's;
/// the message names the call that is missing:
///   Network::forward before plan(): call plan(batch) first
struct UsageError : std::logic_error {
  using std::logic_error::logic_error;
};

namespace detail {
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace detail

}  // namespace plumb

/// A bug in plumb itself (never bad input): throws std::logic_error with the condition and the
/// place.
#define PLUMB_CHECK(condition)        \
  ((condition) ? static_cast<void>(0) \
               : ::plumb::detail::check_failed(#condition, __FILE__, __LINE__))
