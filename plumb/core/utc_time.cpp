// SPDX-License-Identifier: Apache-2.0
#include "plumb/core/utc_time.h"

namespace plumb {

std::string utc_text(std::time_t moment) {
  std::tm parts{};
  if (gmtime_r(&moment, &parts) == nullptr) return {};
  char text[64];
  return {text, std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string utc_now() { return utc_text(std::time(nullptr)); }

}  // namespace plumb
