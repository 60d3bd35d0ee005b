// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/error.h"

namespace plumb::detail {

void check_failed(const char* condition, const char* file, int line) {
  throw std::logic_error(std::string("plumb bug: ") + condition + " does not hold at " + file +
                         ":" + std::to_string(line));
}

}  // namespace plumb::detail
