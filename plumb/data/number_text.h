// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace plumb {

/// Without the blanks around it; the no-break spaces of UTF-8 are blanks too.
std::string_view trim_blanks(std::string_view text);

/// A number as people write it in tables, whatever the locale: 3, -2.5, 1e-3, .5, +7; with
/// `decimal`
/// ',' instead -2,5 and 1,5e-3. Also read are groups of three digits parted by the other of point
/// and comma, by a blank or an apostrophe (1,234.5 is 1234.5), a currency sign in front or behind,
/// a percent sign (12 % is 0.12) and the typeset minus.
///
/// Returns nothing for what is no number; the words inf and nan give what they say, and what double
/// cannot hold gives an infinity.
std::optional<double> parse_table_number(std::string_view text, char decimal);

/// What a cell says of the decimal sign of its table.
enum class DecimalHint {
  none,    ///< no number, or one without either sign
  point,   ///< 2.5, 1,234.5, 1,234,567
  comma,   ///< 2,5, 1.234,5, 1.234.567
  either,  ///< 1,234: a group, or three decimals
};
DecimalHint decimal_hint(std::string_view text);

}  // namespace plumb
