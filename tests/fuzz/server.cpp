// SPDX-License-Identifier: Apache-2.0
// The dashboard's server: any bytes over a socket of its own; it must answer or hang up, and go on.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "plumb/serve/server.h"
#include "tests/fuzz/fuzz.h"

namespace {

/// One server for all inputs, over an empty folder.
class Served {
 public:
  Served()
      : folder_(std::filesystem::temp_directory_path() /
                ("plumb_fuzz_" + std::to_string(getpid()))),
        log_("fuzz"),
        watcher_(make_folder(), log_),
        server_(watcher_, log_,
                {[] { return std::string("page"); },
                 [](const std::string&) { return std::string("report"); },
                 [](const std::string&, std::int64_t) { return std::string("{}"); }}),
        port_(server_.bind("127.0.0.1", 0, "")),
        thread_([this] { server_.listen(); }) {}
  ~Served() {
    server_.stop();
    thread_.join();
    std::filesystem::remove_all(folder_);
  }

  int port() const { return port_; }

 private:
  plumb::serve::RunFolder make_folder() const {
    std::filesystem::create_directories(folder_);
    return plumb::serve::RunFolder({folder_.string()});
  }

  std::filesystem::path folder_;
  plumb::serve::EventLog log_;
  plumb::serve::Watcher watcher_;
  plumb::serve::Server server_;
  int port_;
  std::thread thread_;
};

/// Another address of the loopback each time: the server hangs up first, and the kernel keeps each
/// pair of ports for a minute, in which one address alone has fewer than there are inputs.
void bind_to_next(int client) {
  static std::uint32_t next = 0;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + next++ % 200);
  (void)bind(client, reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

/// The first bytes of the answer; nothing where the server hung up. Says whether it did one of
/// both.
bool answers(int port, std::string_view request) {
  const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bind_to_next(client);
  bool answered = true;
  if (connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    (void)!send(client, request.data(), request.size(), MSG_NOSIGNAL);
    shutdown(client, SHUT_WR);
    pollfd ready{client, POLLIN, 0};
    answered = poll(&ready, 1, 25000) == 1;
    char bytes[512];
    if (answered) (void)!read(client, bytes, sizeof bytes);
  }
  close(client);
  return answered;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Served served;
  plumb::fuzz::expect(answers(served.port(), plumb::fuzz::text_of(data, size)),
                      "a request is answered or refused in time");
  return 0;
}
