// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <thread>

#include "plumb/cli/command.h"
#include "plumb/cli/interrupt.h"
#include "plumb/cli/report_runs.h"
#include "plumb/cli/run_name.h"
#include "plumb/report/html.h"
#include "plumb/report/page.h"
#include "plumb/report/report_json.h"
#include "plumb/serve/server.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb serve                       the runs in plumb-runs/
  plumb serve sweeps deep.plumb     those of a folder, and one more
  plumb serve --host 0.0.0.0        for other machines: the URL has a token then

It reads and never writes; Ctrl-C ends it.)";

struct Options {
  std::vector<std::string> paths;
  std::string host = "127.0.0.1";
  int port = 8077;
};

std::string report_of(const std::string& path) { return render_html(ReportRuns({path}).runs()); }

std::string report_data_of(const std::string& path, std::int64_t after) {
  ReportLimits limits;
  limits.after = after;
  return report_json(ReportRuns({path}).runs(), limits);
}

int run_serve(const Options& options) {
  const std::vector<std::string> paths =
      options.paths.empty() ? std::vector<std::string>{kRunFolder} : options.paths;
  serve::EventLog log(serve::new_token().substr(0, 8));
  serve::Watcher watcher(serve::RunFolder(paths), log);
  serve::Server server(watcher, log, {serve_page, report_of, report_data_of});
  const std::string token = serve::is_loopback(options.host) ? "" : serve::new_token();
  const int port = server.bind(options.host, options.port, token);
  catch_interrupts();
  fmt::print("http://{}:{}/{}\n", options.host, port, token.empty() ? "" : "?token=" + token);
  std::fflush(stdout);
  watcher.start();
  std::thread listening([&] { server.listen(); });
  while (!interrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  log.close();
  server.stop();
  listening.join();
  watcher.stop();
  return kOk;
}

}  // namespace

void add_serve(CLI::App& app, int& result) {
  auto* command = app.add_subcommand("serve", "Show runs in a browser while they are trained");
  auto options = std::make_shared<Options>();
  command->add_option("DIR", options->paths, "folders or run files; by default plumb-runs");
  command
      ->add_option("--host", options->host,
                   "address to bind; any but this machine's own asks for a token")
      ->type_name("ADDRESS")
      ->capture_default_str();
  command->add_option("--port", options->port, "0 for any that is free")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  command->footer(kFooter);
  command->callback([options, &result] { result = run_serve(*options); });
}

}  // namespace plumb::cli
