// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/merge_ranks.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "plumb/cli/command.h"
#include "plumb/cli/outputs.h"
#include "plumb/report/text.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb merge exp1.plumb.0 exp1.plumb.1 exp1.plumb.2 -o exp1.plumb

Each rank of a data-parallel training records its part of every batch in a file of its own. The merged run is that of
the whole batch, as one process would have recorded it; 'plumb diagnose' and 'plumb report' read it. Runs that differ in
network, loss, precision, optimiser or rate are no ranks of one training, and are refused.)";

struct Options {
  std::vector<std::string> runs;
  std::string output;
  bool force = false;
};

int run_merge(const Options& options) {
  Outputs files;
  for (const std::string& run : options.runs) files.reads("RUN", run);
  files.writes_run("-o", options.output, options.force);
  files.check();
  const RankMerge merged = merge_rank_files(options.runs, options.output);
  fmt::print("{}: {} ranks, {} steps, {} of them measured\n", printable(options.output),
             options.runs.size(), merged.steps, merged.measured);
  std::fflush(stdout);
  for (const std::string& note : merged.notes) {
    fmt::print(stderr, "plumb: note: {}\n", printable(note));
  }
  return kOk;
}

}  // namespace

void add_merge(CLI::App& app, int& result) {
  auto* command = app.add_subcommand("merge", "Make one run of those of the ranks of a training");
  auto options = std::make_shared<Options>();
  command->add_option("RUN", options->runs, "the run files of the ranks, in their order")
      ->required()
      ->expected(2, 100'000);
  command->add_option("-o,--output", options->output, "write the run to this file")
      ->required()
      ->type_name("FILE");
  command->add_flag("--force", options->force, "replace a run that is there");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_merge(*options); });
}

}  // namespace plumb::cli
