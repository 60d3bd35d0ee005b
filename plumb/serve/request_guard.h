// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plumb::serve {

/// A request as far as it decides whether it is answered.
struct RequestFacts {
  std::string_view method;
  std::string_view target;  ///< path and query
  std::string_view host;    ///< the Host header; "" where there is none
  std::string_view origin;  ///< the Origin header; "" where there is none
  std::string_view token;   ///< of the query
};

/// Where the server stands and what it asks for.
struct GuardOptions {
  std::string address = "127.0.0.1";
  int port = 0;
  std::string token;  ///< empty: none is asked for
};

/// The HTTP status with which a request is refused, 0 if it is answered.
///
///   405  another method than GET
///   414  a target longer than kLongestTarget
///   421  a Host that is not the server's: another name that leads here (DNS rebinding)
///   403  an Origin that is not the server's own, or no token where one is asked for
///
/// On a loopback address the names localhost, 127.0.0.1 and [::1] with the port are the server's;
/// bound elsewhere any Host is, since the token decides.
int refusal(const RequestFacts& request, const GuardOptions& options);
inline constexpr std::size_t kLongestTarget = 1024;

bool is_loopback(std::string_view address);
/// Takes as long for a wrong one as for the right one.
bool same_secret(std::string_view given, std::string_view expected);
/// 128 random bits of the system, in hexadecimal digits.
std::string new_token();

/// The value of `key` in the query of a target, decoded by nobody: "" if it is not there.
std::string_view query_value(std::string_view target, std::string_view key);
std::string_view path_of_target(std::string_view target);

}  // namespace plumb::serve
