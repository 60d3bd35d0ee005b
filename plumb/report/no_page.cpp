// SPDX-License-Identifier: Apache-2.0
// Stands for the pages in a build without them (PLUMB_PAGE=OFF).
#include "plumb/core/error.h"
#include "plumb/report/page.h"

namespace plumb {

namespace {

constexpr const char* kNoPage =
    "this plumb was built without its pages (PLUMB_PAGE=OFF): build it with them, or take the text "
    "or the JSON of a report";

}  // namespace

std::string report_page() { throw StoreError(kNoPage); }
std::string lab_page() { throw StoreError(kNoPage); }

}  // namespace plumb
