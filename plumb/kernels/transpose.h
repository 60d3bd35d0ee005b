// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace plumb {

/// Whether a matrix enters a product as it is stored or transposed.
enum class Transpose : bool { no, yes };

}  // namespace plumb
