// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace plumb {

/// Whether a cell of a table is a date, a time or both, in one of the usual forms: 2024-01-31,
/// 2024/1/31, 2024-01, 2024Q1, 31.1.2024, 1/31/24, Jan 31 2024, 31 January 2024, 10:30,
/// 10:30:05.25, 10:30 PM; between the two a blank, a comma or T; a zone behind (Z, +01:00). Whether
/// the 31st of February is one is not asked.
bool is_date(std::string_view cell);

}  // namespace plumb
