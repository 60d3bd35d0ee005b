// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/request_guard.h"

#include <algorithm>
#include <array>
#include <fstream>

#include "plumb/core/error.h"

namespace plumb::serve {

bool is_loopback(std::string_view address) {
  return address == "localhost" || address == "::1" || address.starts_with("127.");
}

namespace {

bool is_own_host(std::string_view host, const GuardOptions& options) {
  const std::string port = ":" + std::to_string(options.port);
  for (const std::string_view name : {"localhost", "127.0.0.1", "[::1]"}) {
    if (host == std::string(name) + port || (options.port == 80 && host == name)) return true;
  }
  return host == options.address + port;
}

}  // namespace

int refusal(const RequestFacts& request, const GuardOptions& options) {
  if (request.method != "GET") return 405;
  if (request.target.size() > kLongestTarget) return 414;
  if (is_loopback(options.address) && !is_own_host(request.host, options)) return 421;
  if (!request.origin.empty() && request.origin != "http://" + std::string(request.host))
    return 403;
  if (!options.token.empty() && !same_secret(request.token, options.token)) return 403;
  return 0;
}

bool same_secret(std::string_view given, std::string_view expected) {
  unsigned different = given.size() == expected.size() ? 0 : 1;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const char own = i < given.size() ? given[i] : '\0';
    different |= static_cast<unsigned>(static_cast<unsigned char>(own) ^
                                       static_cast<unsigned char>(expected[i]));
  }
  return different == 0;
}

std::string new_token() {
  std::array<char, 16> bytes{};
  std::ifstream random("/dev/urandom", std::ios::binary);
  if (!random.read(bytes.data(), bytes.size()))
    throw StoreError("/dev/urandom: cannot be read, and a token needs it");
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string token;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    token += kDigits[value >> 4];
    token += kDigits[value & 15];
  }
  return token;
}

std::string_view path_of_target(std::string_view target) {
  return target.substr(0, target.find('?'));
}

std::string_view query_value(std::string_view target, std::string_view key) {
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {};
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (pair.starts_with(key) && pair.substr(key.size()).starts_with("="))
      return pair.substr(key.size() + 1);
  }
  return {};
}

}  // namespace plumb::serve
