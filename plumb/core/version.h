// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace plumb {

/// Semantic version of this build; the same as the CMake project's (a test compares them).
inline constexpr const char* kVersion = "0.1.0";

}  // namespace plumb
