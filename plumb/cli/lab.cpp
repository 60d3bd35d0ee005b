// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>

#include "plumb/cli/command.h"
#include "plumb/cli/outputs.h"
#include "plumb/cli/tty.h"
#include "plumb/core/error.h"
#include "plumb/lab/lab_page.h"
#include "plumb/lab/lab_text.h"
#include "plumb/report/page.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb lab                              the list of experiments
  plumb lab same-weight --weight 1.1     one of them
  plumb lab all -o lab.html              all of them as one page

The claims are those of a well-known tutorial, Sleeba Paul, "Vanishing Gradients"; docs/claims.md has
them all. Exit code 1 if a measured number disagrees with its expectation.)";

struct Options {
  std::vector<std::string> names;
  std::string output;
  CLI::Option* output_option = nullptr;
  bool json = false;
  std::map<std::string, std::string> given;
};

lab::Settings settings_for(const lab::Experiment& experiment, const Options& options, bool alone) {
  std::vector<std::pair<std::string, std::string>> given;
  for (const auto& [name, value] : options.given) {
    const bool known = std::ranges::count(experiment.parameters, name, &lab::Parameter::name) > 0;
    if (known || alone) given.emplace_back(name, value);
  }
  return {experiment.name, experiment.parameters, given};
}

/// Those named, or with "all" each one.
std::vector<const lab::Experiment*> chosen(const std::vector<std::string>& names) {
  std::vector<const lab::Experiment*> all;
  if (names.size() == 1 && names.front() == "all") {
    for (const lab::Experiment& experiment : lab::experiments()) all.push_back(&experiment);
    return all;
  }
  for (const std::string& name : names) all.push_back(&lab::find_experiment(name));
  return all;
}

void print_summary(const std::vector<lab::Finished>& finished) {
  for (const lab::Finished& one : finished) {
    fmt::print("{:<16}  {}  {:<24} {:5.1f} s\n", one.experiment->name,
               one.result.agrees() ? "agrees   " : "DISAGREES", lab::verdict_line(one.result),
               one.result.seconds);
  }
}

int run_lab(const Options& options) {
  if (options.names.empty()) {
    fmt::print("{}", lab::render_list(terminal_options()));
    return kOk;
  }
  if (options.output_option->count() > 0) {
    Outputs files;
    files.writes("-o", options.output);
    files.check();
    static_cast<void>(lab_page());  // a build without pages says so before an hour of experiments
  }
  std::vector<lab::Finished> finished;
  const bool print = !options.json && options.output.empty();
  const auto experiments = chosen(options.names);
  // Settings first: a typing error must not cost the time of the experiments before it.
  std::vector<lab::Settings> settings;
  for (const auto* experiment : experiments) {
    settings.push_back(settings_for(*experiment, options, experiments.size() == 1));
  }
  for (std::size_t i = 0; i < experiments.size(); ++i) {
    lab::Result result = lab::run(*experiments[i], settings[i]);
    if (print) {
      fmt::print("{}{}", i > 0 ? "\n\n" : "",
                 lab::render_terminal(*experiments[i], settings[i], result, terminal_options()));
      std::fflush(stdout);
    }
    finished.push_back({experiments[i], settings[i], std::move(result)});
  }
  if (options.json) fmt::print("{}\n", lab::lab_json(finished));
  if (!options.output.empty()) {
    lab::write_page(finished, options.output);
    if (!options.json) {
      print_summary(finished);
      fmt::print("{}\n", options.output);
    }
  }
  const bool agree =
      std::ranges::all_of(finished, [](const lab::Finished& one) { return one.result.agrees(); });
  return agree ? kOk : kError;
}

}  // namespace

void add_lab(CLI::App& app, int& result) {
  auto* command = app.add_subcommand(
      "lab", "Run the experiments on the classic explanation of vanishing gradients");
  auto options = std::make_shared<Options>();
  command->add_option("NAME", options->names, "experiments, or 'all'; none lists them");
  options->output_option =
      command->add_option("-o,--output", options->output, "write a page instead of text")
          ->type_name("FILE");
  command->add_flag("--json", options->json, "print the results for programs");
  std::map<std::string, std::string> users;
  for (const lab::Experiment& experiment : lab::experiments()) {
    for (const lab::Parameter& parameter : experiment.parameters) {
      auto& text = users[parameter.name];
      text += (text.empty() ? "of " : ", ") + experiment.name;
    }
  }
  for (const auto& [name, text] : users) {
    command
        ->add_option_function<std::string>(
            "--" + name,
            [options, key = name](const std::string& value) { options->given[key] = value; }, text)
        ->type_name("VALUE")
        ->group("Parameters");
  }
  command->footer(kFooter);
  command->callback([options, &result] { result = run_lab(*options); });
}

}  // namespace plumb::cli
