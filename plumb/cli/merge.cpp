// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/merge_ranks.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "plumb/cli/command.h"
#include "plumb/cli/outputs.h"
#include "plumb/core/error.h"
#include "plumb/report/text.h"
#include "plumb/store/run_file.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb merge exp1.plumb.0 exp1.plumb.1 exp1.plumb.2 -o exp1.plumb

Each rank of a data-parallel training records its part of every batch in a file of its own. The merged run is that of
the whole batch, as one process would have recorded it; 'plumb diagnose' and 'plumb report' read it.)";

struct Options {
  std::vector<std::string> runs;
  std::string output;
  bool force = false;
};

/// The run while it is made: it takes its name once it is whole, and goes where it does not come so
/// far, so that a run which is to be replaced is there until then.
class Draft {
 public:
  explicit Draft(const std::string& name) : name_(target_of(name)), path_(unused(name_)) {}
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  ~Draft() { remove_files(path_); }
  const std::string& path() const { return path_; }

  void take_name() const {
    remove_files(name_, kBeside);  // of the run that was there: they would be read with the new one
    std::error_code problem;
    std::filesystem::rename(path_, name_, problem);
    if (problem)
      throw StoreError(fmt::format("{}: cannot be written ({})", name_, problem.message()));
  }

 private:
  /// A link keeps pointing at the run.
  static std::string target_of(const std::string& name) {
    std::error_code none;
    const std::filesystem::path target = std::filesystem::canonical(name, none);
    return none ? name : target.string();
  }
  /// A name beside it that nothing has: that of a merge which was killed stays what it is.
  static std::string unused(const std::string& name) {
    std::error_code ignored;
    for (int i = 1;; ++i) {
      std::string path = fmt::format("{}.{}.draft", name, i);
      if (!std::filesystem::exists(path, ignored)) return path;
    }
  }
  static constexpr std::array kBeside{"-wal", "-shm", "-journal"};
  static void remove_files(const std::string& run, std::span<const char* const> ends) {
    std::error_code ignored;
    for (const char* end : ends) std::filesystem::remove(run + end, ignored);
  }
  static void remove_files(const std::string& run) {
    remove_files(run, kBeside);
    std::error_code ignored;
    std::filesystem::remove(run, ignored);
  }

  const std::string name_, path_;
};

void check_different(const std::vector<std::string>& runs) {
  std::error_code ignored;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (!std::filesystem::equivalent(runs[i], runs[k], ignored)) continue;
      throw DataError(
          fmt::format("{}: the run of rank {} is that of rank {} too, expected a file of each rank",
                      runs[i], k, i));
    }
  }
}

int run_merge(const Options& options) {
  Outputs files;
  for (const std::string& run : options.runs) files.reads("RUN", run);
  files.writes_run("-o", options.output, options.force);
  files.check();
  check_different(options.runs);
  const Draft draft(options.output);
  RunWriter writer(draft.path());
  const RankMerge merged = merge_ranks(options.runs, writer);
  writer.close();
  draft.take_name();
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
