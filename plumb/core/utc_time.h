// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ctime>
#include <string>

namespace plumb {

/// A moment of universal time as runs have it (RunInfo::started_at): "2001-09-09T01:46:40Z", of
/// 1'000'000'000 seconds. Empty for a moment that no calendar has.
/// Source  ISO 8601, extended format; RFC 3339.
std::string utc_text(std::time_t moment);

/// utc_text() of now.
std::string utc_now();

}  // namespace plumb
