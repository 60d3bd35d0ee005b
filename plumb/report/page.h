// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace plumb {

/// The pages built from web/: of the report, with the word PLUMB_REPORT_DATA where the JSON of the
/// runs belongs, and of the experiments (plumb/lab), with PLUMB_LAB_DATA likewise; the playground
/// and the dashboard (plumb/serve), which have no data in them. Defined in sources that the build
/// generates (web/embed.mjs).
/// Errors  StoreError in a build without pages.
std::string report_page();
std::string lab_page();
std::string play_page();
std::string serve_page();

}  // namespace plumb
