// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

namespace plumb::serve {

namespace {

using Clock = std::chrono::steady_clock;

/// Waits for `events`; false if they do not come before the deadline.
bool wait_for(int socket, short events, Clock::time_point deadline) {
  for (;;) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return false;
    pollfd one{socket, events, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(left));
    if (ready > 0) return (one.revents & (events | POLLHUP | POLLERR)) != 0;
    if (ready < 0 && errno != EINTR) return false;
  }
}

Clock::time_point after(double seconds) {
  return Clock::now() +
         std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

bool Connection::read_head(std::size_t most_bytes) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const auto deadline = after(head_s_);
  std::array<char, 2048> buffer{};
  while (head_.find(kEnd) == std::string::npos) {
    if (head_.size() >= most_bytes || !wait_for(socket_, POLLIN, deadline)) return false;
    const std::size_t left = std::min(buffer.size(), most_bytes - head_.size());
    const ssize_t came = ::recv(socket_, buffer.data(), left, 0);
    if (came <= 0) return false;
    head_.append(buffer.data(), static_cast<std::size_t>(came));
  }
  head_.resize(head_.find(kEnd) + kEnd.size());  // a body is read by nobody
  return true;
}

void Connection::refuse(int status, std::string_view reason) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " ";
  text.append(reason).append(
      "\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ");
  text.append(std::to_string(reason.size() + 1)).append("\r\n\r\n").append(reason).append("\n");
  write(text);
}

bool Connection::is_writable() const {
  pollfd one{socket_, POLLOUT | POLLRDHUP, 0};
  return ::poll(&one, 1, 0) > 0 && (one.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0;
}

bool Connection::write(std::string_view bytes) {
  const auto deadline = after(write_s_);
  while (!bytes.empty()) {
    if (!wait_for(socket_, POLLOUT, deadline)) return false;
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace plumb::serve
