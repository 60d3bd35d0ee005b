// SPDX-License-Identifier: Apache-2.0
#pragma once

// The version, in this one place: CMake and the Python package read it from here. Semantic
// versioning; CHANGELOG.md says what a version changed, docs/releasing.md what may change in which.
// To ask for at least 0.2: #if PLUMB_VERSION >= PLUMB_VERSION_OF(0, 2, 0).
#define PLUMB_VERSION_MAJOR 0
#define PLUMB_VERSION_MINOR 2
#define PLUMB_VERSION_PATCH 0

#define PLUMB_VERSION_OF(major, minor, patch) ((major)*10000 + (minor)*100 + (patch))
#define PLUMB_VERSION \
  PLUMB_VERSION_OF(PLUMB_VERSION_MAJOR, PLUMB_VERSION_MINOR, PLUMB_VERSION_PATCH)

#define PLUMB_VERSION_TEXT_(number) #number
#define PLUMB_VERSION_TEXT(major, minor, patch) \
  PLUMB_VERSION_TEXT_(major) "." PLUMB_VERSION_TEXT_(minor) "." PLUMB_VERSION_TEXT_(patch)

namespace plumb {

/// The version of this build as text: "0.2.0".
inline constexpr const char* kVersion =
    PLUMB_VERSION_TEXT(PLUMB_VERSION_MAJOR, PLUMB_VERSION_MINOR, PLUMB_VERSION_PATCH);

}  // namespace plumb
