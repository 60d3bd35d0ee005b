// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace plumb {

/// The number with so many significant digits, so that it reads back as it is printed: a rate, a
/// gain or a threshold that a person is to type. What is not finite stays.
double rounded(double value, int digits);

}  // namespace plumb
