// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/server.h"

#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "plumb/core/error.h"
#include "plumb/serve/bind_problem.h"
#include "plumb/serve/connection.h"

namespace plumb::serve {

namespace {

// The thread that accepts runs what there is no room for, and only closes it.
thread_local bool refuses = false;

/// A fixed number of threads, and a bounded queue in front of them.
class Tasks final : public httplib::TaskQueue {
 public:
  Tasks(int threads, std::size_t most_waiting) : most_waiting_(most_waiting) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
  }
  ~Tasks() override = default;

  void enqueue(std::function<void()> task) override {
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() < most_waiting_) {
        waiting_.push_back(std::move(task));
        came_.notify_one();
        return;
      }
    }
    refuses = true;
    task();
    refuses = false;
  }

  void shutdown() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    came_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void work() {
    for (;;) {
      std::function<void()> task;
      {
        std::unique_lock lock(mutex_);
        came_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        task = std::move(waiting_.front());
        waiting_.pop_front();
      }
      task();
    }
  }

  const std::size_t most_waiting_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<std::function<void()>> waiting_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

/// A connection as httplib reads it: what there is to read is its head.
class HttpStream final : public httplib::Stream {
 public:
  explicit HttpStream(Connection& connection) : connection_(connection) {}
  bool is_readable() const override { return at_ < connection_.head().size(); }
  bool is_writable() const override { return connection_.is_writable(); }
  ssize_t read(char* to, size_t size) override {
    const std::size_t count = std::min(size, connection_.head().size() - at_);
    std::copy_n(connection_.head().data() + at_, count, to);
    at_ += count;
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* from, size_t size) override {
    return connection_.write({from, size}) ? static_cast<ssize_t>(size) : -1;
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return connection_.socket(); }

 private:
  Connection& connection_;
  std::size_t at_ = 0;
};

std::optional<std::size_t> number_between(std::string_view path, std::string_view before,
                                          std::string_view behind) {
  if (!path.starts_with(before) || !path.ends_with(behind) ||
      path.size() <= before.size() + behind.size())
    return std::nullopt;
  const std::string_view digits =
      path.substr(before.size(), path.size() - before.size() - behind.size());
  std::size_t number = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (result.ec != std::errc() || result.ptr != digits.data() + digits.size()) return std::nullopt;
  return number;
}

/// Where a line begins that has a header of that name ("\nName:"), whatever the case of its
/// letters.
std::string::iterator find_header(std::string& head, std::string_view name) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(head.begin(), head.end(), name.begin(), name.end(), same);
}

bool has_header(std::string& head, std::string_view name) {
  return find_header(head, name) != head.end();
}

/// Takes the lines of a header out of a request's head.
void drop_header(std::string& head, std::string_view name) {
  for (auto at = find_header(head, name); at != head.end(); at = find_header(head, name))
    head.erase(at, std::find(at + 1, head.end(), '\n'));
}

/// The step behind "after="; -1, before all, where there is none.
std::int64_t step_asked(std::string_view target) {
  const std::string_view text = query_value(target, "after");
  std::int64_t step = -1;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), step);
  return result.ec == std::errc() && result.ptr == text.data() + text.size() ? step : -1;
}

constexpr const char* kJson = "application/json; charset=utf-8";
constexpr const char* kHtml = "text/html; charset=utf-8";
constexpr auto kWait = std::chrono::milliseconds(1000);
constexpr int kBeats =
    10;  // waits without news after which a client is shown that the server lives

}  // namespace

class Server::Http final : public httplib::Server {
 public:
  Http(const Watcher& watcher, EventLog& log, Pages pages)
      : watcher_(watcher), log_(log), pages_(std::move(pages)) {
    new_task_queue = [] { return new Tasks(kThreads, kMostWaiting); };
    set_payload_max_length(0);
    // No SO_REUSEPORT, with which two servers would share a port and neither know.
    set_socket_options([](socket_t socket) {
      const int yes = 1;
      ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    set_default_headers({{"Cache-Control", "no-store"},
                         {"X-Content-Type-Options", "nosniff"},
                         {"Referrer-Policy", "no-referrer"},
                         {"X-Frame-Options", "DENY"},
                         {"Cross-Origin-Resource-Policy", "same-origin"}});
    // Everything is decided here, before any pattern is matched.
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      answer(request, response);
      return HandlerResponse::Handled;
    });
    set_exception_handler(
        [](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
          response.status = 500;
          response.set_content("the server failed to answer\n", "text/plain");
        });
  }

  /// httplib lets 5 connections wait for accept(); of a burst the others would try again after
  /// seconds.
  void let_more_wait() { ::listen(svr_sock_, kMostConnecting); }

  GuardOptions guard;

 private:
  bool process_and_close_socket(socket_t socket) override {
    Connection connection(socket, kHead_s, kWrite_s);
    bool fine = false;
    if (refuses) {
      connection.refuse(503, "Too many connections");
    } else if (!connection.read_head(kMostHead)) {
      // Browsers open connections ahead: an answer to nothing would be taken for that to what they
      // ask next.
      if (!connection.head().empty()) connection.refuse(400, "Bad request");
    } else if (!connection.head().starts_with("GET ")) {
      connection.refuse(405, "Only GET");
    } else if (has_header(connection.head(), "\nRange:") ||
               has_header(connection.head(), "\nContent-Length:") ||
               has_header(connection.head(), "\nTransfer-Encoding:")) {
      connection.refuse(400, "No ranges and no body");
    } else {
      // httplib would compress as tightly as it can, which costs seconds of a core for one page.
      drop_header(connection.head(), "\nAccept-Encoding:");
      bool closed = false;
      HttpStream stream(connection);
      fine = process_request(stream, true, closed, nullptr);
    }
    ::shutdown(socket, SHUT_RDWR);
    ::close(socket);
    return fine;
  }

  void answer(const httplib::Request& request, httplib::Response& response) {
    const std::string host = request.get_header_value("Host"),
                      origin = request.get_header_value("Origin");
    const std::string_view target = request.target;
    const int status =
        refusal({request.method, target, host, origin, query_value(target, "token")}, guard);
    if (status != 0) {
      response.status = status;
      response.set_content(fmt::format("refused ({})\n", status), "text/plain");
      return;
    }
    route(path_of_target(target), request, response);
    if (response.status == -1) response.status = 200;
  }

  void route(std::string_view path, const httplib::Request& request, httplib::Response& response) {
    if (path == "/") return response.set_content(pages_.page(), kHtml);
    if (path == "/api/runs") return response.set_content(watcher_.rows_json(), kJson);
    if (path == "/events") return stream(request, response);
    if (const auto id = number_between(path, "/api/runs/", "")) {
      if (const auto view = watcher_.view(*id)) return response.set_content(*view, kJson);
    }
    if (const auto id = number_between(path, "/runs/", "/report")) {
      if (const auto file = watcher_.path_of(*id))
        return response.set_content(pages_.report(*file), kHtml);
    }
    if (const auto id = number_between(path, "/api/runs/", "/report")) {
      if (const auto file = watcher_.path_of(*id)) {
        return response.set_content(pages_.report_data(*file, step_asked(request.target)), kJson);
      }
    }
    response.status = 404;
    response.set_content("there is nothing here\n", "text/plain");
  }

  void stream(const httplib::Request& request, httplib::Response& response) {
    if (streams_.fetch_add(1) >= kStreams) {
      --streams_;
      response.status = 503;
      response.set_content("too many event streams\n", "text/plain");
      return;
    }
    std::string last = request.get_header_value("Last-Event-ID");
    if (last.empty()) last = query_value(request.target, "last");
    const auto known = log_.number_of(last);
    // A client without a number begins at the beginning; one of another server, too, and is told.
    auto seen = std::make_shared<std::uint64_t>(known.value_or(0));
    auto anew = std::make_shared<bool>(!last.empty() && !known);
    response.set_chunked_content_provider(
        "text/event-stream",
        [this, seen, anew](std::size_t, httplib::DataSink& sink) {
          return send_news(sink, *seen, *anew);
        },
        [this](bool) { --streams_; });
  }

  /// What came since, or after a while a sign of life; false once the client or the server is gone.
  bool send_news(httplib::DataSink& sink, std::uint64_t& seen, bool& anew) {
    EventLog::Batch batch;
    for (int beat = 0; beat < kBeats; ++beat) {
      batch = log_.after(seen, anew ? std::chrono::milliseconds(0) : kWait);
      if (log_.is_closed() || !sink.is_writable()) return false;
      if (anew || batch.missed || !batch.events.empty()) break;
    }
    std::string text;
    if (anew || batch.missed) {
      anew = false;
      text = "event: reset\ndata: {}\n\n";
      batch = log_.after(0, std::chrono::milliseconds(0));
    }
    for (const EventLog::Event& event : batch.events) {
      text += fmt::format("id: {}\nevent: {}\ndata: {}\n\n", log_.id_of(event.number), event.type,
                          event.data);
    }
    seen = batch.last;
    if (text.empty()) text = ": still here\n\n";
    return sink.write(text.data(), text.size());
  }

  const Watcher& watcher_;
  EventLog& log_;
  const Pages pages_;
  std::atomic<int> streams_{0};
};

Server::Server(const Watcher& watcher, EventLog& log, Pages pages)
    : http_(std::make_unique<Http>(watcher, log, std::move(pages))) {}

Server::~Server() = default;

int Server::bind(const std::string& address, int port, const std::string& token) {
  int bound = port;
  if (port == 0) {
    bound = http_->bind_to_any_port(address);
  } else if (!http_->bind_to_port(address, port)) {
    bound = -1;
  }
  if (bound <= 0) throw StoreError("serve: " + bind_problem(address, port));
  http_->let_more_wait();
  http_->guard = {address, bound, token};
  return bound;
}

void Server::listen() { http_->listen_after_bind(); }

void Server::stop() { http_->stop(); }

}  // namespace plumb::serve
