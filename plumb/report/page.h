// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace plumb {

/// The page built from web/, with the word PLUMB_REPORT_DATA where the JSON of the runs belongs.
/// Defined in a source that the build generates (web/embed.mjs).
std::string report_page();

}  // namespace plumb
