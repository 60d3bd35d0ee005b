// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace plumb::serve {

/// Why a server cannot listen at that address and port, in words, and what to do about it. Found
/// out by binding a socket of its own just then; where that works (the port was freed meanwhile),
/// says so.
std::string bind_problem(const std::string& address, int port);

}  // namespace plumb::serve
