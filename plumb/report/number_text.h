// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace plumb {

inline constexpr double kLog10Of2 = 0.30102999566398119521;

/// The magnitude 2^log2_value as a power of ten with two significant digits: "3.0e-13", "1.5e+2".
///
/// Works from the logarithm alone, so 2^-4000 prints as "7.6e-1205" although no double holds it.
/// The mantissa is rounded to one decimal; one that rounds to 10.0 moves to the next power.
/// -infinity is "0", +infinity is "inf", NaN is "-" (nothing was measured).
std::string format_log2(double log2_value);

/// The same for a base-ten logarithm.
std::string format_log10(double log10_value);

/// A fraction 0..1 in whole percent, at most 4 characters: "0%", "<1%", "37%", ">99%", "100%"; NaN
/// is "-". A half goes up: 12.5 % is "13%", as on the pages.
std::string format_percent(double fraction);

/// A finite number with so many significant digits at most, as "%g" has it; a half goes away from
/// zero, as on the pages: 1.125 is "1.13" of three.
std::string format_digits(double x, int digits);

}  // namespace plumb
