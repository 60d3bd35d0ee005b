// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace plumb::serve {

/// A client's socket with deadlines of its own, so that none can hold a thread by being slow: the
/// head of its request is read whole before anybody works on it, and every write has its time.
class Connection {
 public:
  Connection(int socket, double head_s, double write_s)
      : socket_(socket), head_s_(head_s), write_s_(write_s) {}

  /// Reads the request's head, up to its empty line and nothing behind it; false if it is not there
  /// in time, or is longer than that.
  bool read_head(std::size_t most_bytes);
  const std::string& head() const { return head_; }
  std::string& head() { return head_; }
  /// Sends all of it; false if the client does not take it in time, or is gone.
  bool write(std::string_view bytes);
  /// Sends a short answer of its own.
  void refuse(int status, std::string_view reason);
  /// Whether the client takes more just now, and has not closed its end.
  bool is_writable() const;
  int socket() const { return socket_; }

 private:
  int socket_;
  double head_s_, write_s_;
  std::string head_;
};

}  // namespace plumb::serve
