// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/bind_problem.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace plumb::serve {
namespace {

/// A socket that listens on any free port of this machine, for as long as it lives.
class Listening {
 public:
  Listening() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* any = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (::bind(socket_, any, size) == 0 && ::listen(socket_, 1) == 0 &&
        ::getsockname(socket_, any, &size) == 0) {
      port = ntohs(address.sin_port);
    }
  }
  ~Listening() { ::close(socket_); }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;
  int port = 0;

 private:
  int socket_;
};

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(BindProblemTest, APortInUseIsSaidWithWhatToDo) {
  const Listening other;
  ASSERT_GT(other.port, 0);
  for (const char* address : {"127.0.0.1", "0.0.0.0"}) {
    const std::string words = bind_problem(address, other.port);
    EXPECT_TRUE(says(words, "port " + std::to_string(other.port) + " is in use")) << words;
    EXPECT_TRUE(says(words, "--port 0")) << words;
  }
}

TEST(BindProblemTest, AnAddressOfAnotherMachineIsSaid) {
  // 192.0.2.0/24 is kept for documentation (RFC 5737): no machine has one.
  for (const char* address : {"192.0.2.1", "no such name.invalid", "256.1.1.1"}) {
    const std::string words = bind_problem(address, 8077);
    EXPECT_TRUE(says(words, std::string(address) + " is no address of this machine")) << words;
    EXPECT_TRUE(says(words, "--host")) << words;
  }
}

TEST(BindProblemTest, APortThatIsFreeNowIsSaid) {
  int port = 0;
  {
    const Listening other;
    port = other.port;
  }
  EXPECT_TRUE(says(bind_problem("127.0.0.1", port), "try again"));
}

}  // namespace
}  // namespace plumb::serve
