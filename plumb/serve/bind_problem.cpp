// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/bind_problem.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace plumb::serve {

namespace {

constexpr int kNoAddress = EADDRNOTAVAIL;

/// 0, or the error of binding there.
int error_of_binding(const std::string& address, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
    return kNoAddress;
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all(found, ::freeaddrinfo);
  int error = kNoAddress;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    const int socket = ::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
    if (socket < 0) continue;
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    error =
        ::bind(socket, one->ai_addr, one->ai_addrlen) == 0 && ::listen(socket, 1) == 0 ? 0 : errno;
    ::close(socket);
    if (error != kNoAddress) break;
  }
  return error;
}

}  // namespace

std::string bind_problem(const std::string& address, int port) {
  const int error = error_of_binding(address, port);
  switch (error) {
    case 0: return fmt::format("port {} was in use a moment ago and is free now: try again", port);
    case EADDRINUSE:
      return fmt::format(
          "port {} is in use, by another plumb serve perhaps; give another one with "
          "--port, or --port 0 for any that is free",
          port);
    case EACCES:
      return fmt::format(
          "port {} is kept for the system; give one of 1024 to 65535 with --port, or --port 0 for "
          "any that is free",
          port);
    case kNoAddress:
      return fmt::format(
          "{} is no address of this machine; expected one with --host, such as 127.0.0.1 (this "
          "machine alone) or 0.0.0.0 (all of its addresses)",
          address);
    default:
      return fmt::format("{}:{} cannot be bound ({}); another --host or --port may be", address,
                         port, std::generic_category().message(error));
  }
}

}  // namespace plumb::serve
