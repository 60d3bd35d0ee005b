// SPDX-License-Identifier: Apache-2.0
// Stands for the pages in a build without them: PLUMB_PAGE=OFF, or no npm and no registry to build
// them with.
#include "plumb/core/error.h"
#include "plumb/report/page.h"

namespace plumb {

namespace {

constexpr const char* kNoPage =
    "this plumb was built without its pages (npm or its registry was out of reach, or "
    "PLUMB_PAGE=OFF): "
    "build it again with them, or take the text ('plumb diagnose') or --json";

}  // namespace

std::string report_page() { throw StoreError(kNoPage); }
std::string lab_page() { throw StoreError(kNoPage); }
std::string play_page() { throw StoreError(kNoPage); }
std::string serve_page() { throw StoreError(kNoPage); }

}  // namespace plumb
