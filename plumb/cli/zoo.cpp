// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plumb/cli/command.h"
#include "plumb/cli/interrupt.h"
#include "plumb/cli/many_trainings.h"
#include "plumb/cli/outputs.h"
#include "plumb/cli/tty.h"
#include "plumb/core/error.h"
#include "plumb/core/output_file.h"
#include "plumb/cure/cure_words.h"
#include "plumb/cure/ranks.h"
#include "plumb/report/run_keeper.h"
#include "plumb/report/text.h"
#include "plumb/store/run_file.h"
#include "plumb/zoo/cure_score.h"
#include "plumb/zoo/first_advice.h"
#include "plumb/zoo/harm.h"
#include "plumb/zoo/score.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter = R"(Examples:
  plumb zoo list
  plumb zoo run sigmoid_depth --seed 3
  plumb zoo run sigmoid_depth --seed 3 --twin -o twin.plumb
  plumb zoo run --check-harm --seeds 5 --jobs 4
  plumb zoo score --half open --seeds 5 --jobs 4 --details

docs/zoo.md says what the kinds are, what counts as right, and what plumb reaches.)";

struct Options {
  std::string family;
  std::string half;
  std::vector<std::string> names;
  std::uint64_t seed = 0;
  std::int64_t seeds = 5;
  int jobs = 1;
  bool twin = false;
  bool twins = false;
  bool peers = false;
  bool check_harm = false;
  bool details = false;
  bool json = false;
  std::string record = "log";
  std::string output;
  CLI::Option* output_option = nullptr;
  bool force = false;
  std::string log;
  CLI::Option* log_option = nullptr;
  std::string note;
  bool sick = false, healthy = false;
  ManyTrainings cures;
  std::string reports;
  CureOptions cure;
};

std::optional<zoo::Half> half_option(const std::string& text) {
  if (text.empty() || text == "all") return std::nullopt;
  if (const auto half = zoo::parse_half(text)) return half;
  throw SpecError("--half: '" + text + "', expected open, unseen or all");
}

std::optional<zoo::Family> family_option(const std::string& text) {
  if (text.empty()) return std::nullopt;
  if (const auto family = zoo::parse_family(text)) return family;
  throw SpecError("--family: '" + text +
                  "', expected flow, signal, trainer, data, output, norm or time");
}

std::vector<const zoo::Kind*> chosen(const Options& options) {
  std::vector<const zoo::Kind*> chosen;
  const auto half = half_option(options.half);
  const auto family = family_option(options.family);
  for (const std::string& name : options.names) chosen.push_back(&zoo::find_kind(name));
  if (!options.names.empty()) return chosen;
  for (const zoo::Kind& kind : zoo::kinds()) {
    if (half && half_of(kind) != *half) continue;
    if (family && kind.family != *family) continue;
    chosen.push_back(&kind);
  }
  return chosen;
}

void print_wrapped(std::string_view text, std::size_t indent) {
  const auto width = static_cast<std::size_t>(terminal_options().width);
  for (const std::string& line : wrap(std::string(text), static_cast<int>(width - indent))) {
    fmt::print("{:<{}}{}\n", "", indent, line);
  }
}

int run_list(const Options& options) {
  constexpr int kName = 25, kFamily = 9, kHalf = 8, kIndent = 4;
  for (const zoo::Kind* kind : chosen(options)) {
    const std::string_view truth = kind->is_healthy() ? "healthy" : kind->truth.rules.front();
    fmt::print("{:<{}}{:<{}}{:<{}}{}\n", kind->name, kName, to_string(kind->family), kFamily,
               to_string(half_of(*kind)), kHalf, truth);
    print_wrapped(kind->summary, kIndent);
  }
  return kOk;
}

/// A line on standard error that is written over, on a terminal alone.
class Counter {
 public:
  explicit Counter(const char* what = "trainings") : what_(what) {}
  void operator()(std::size_t done, std::size_t all) const {
    if (!stderr_is_terminal()) return;
    fmt::print(stderr, "\r{} of {} {}{}", done, all, what_, done == all ? "\n" : "");
  }

 private:
  const char* what_;
};

std::string said_text(const zoo::Answer& answer) {
  std::string text = answer.outcome;
  for (const zoo::Said& said : answer.findings) {
    text += fmt::format("\n    {:<9}{} ({}{}){}", to_string(said.severity), said.rule, said.cause,
                        said.depth > 0 ? fmt::format(", layer {}", said.depth) : "",
                        said.is_explained ? ", follows from another" : "");
  }
  return text;
}

void print_specimen(const zoo::Kind& kind, const Options& options) {
  const zoo::Specimen specimen = make_specimen(kind, options.seed, options.twin);
  fmt::print("{}: {}\n  network  {}\n", kind.name, kind.summary, specimen.config.network);
  const TrainConfig usual;
  for (const Setting& setting : settings()) {
    if (setting.key == "network" || setting.get(specimen.config) == setting.get(usual)) continue;
    fmt::print("  --{} {}\n", setting.key, setting.get(specimen.config));
  }
  fmt::print("  {} samples{}\n", specimen.data.train.size(),
             specimen.surgery ? ", weights changed before the first step" : "");
}

int run_one(const Options& options, const zoo::Kind& kind) {
  print_specimen(kind, options);
  std::unique_ptr<RunWriter> writer;
  if (!options.output.empty()) writer = std::make_unique<RunWriter>(options.output);
  RunKeeper keeper({}, writer.get());
  zoo::TrialOptions trial_options;
  trial_options.record = options.record;
  trial_options.sink = &keeper;
  const zoo::Trial trial = run_trial(kind, options.seed, options.twin, trial_options);
  if (writer) {
    writer->close();
    save_findings(options.output, keeper.diagnosis().findings());
  }
  fmt::print("\nbaseline {:.4g}, loss at the end {:.4g}: gained {:.3f}\n", trial.baseline,
             trial.loss, trial.gained());
  if (trial.is_healthy()) {
    fmt::print("truth    healthy\n");
  } else {
    fmt::print("truth    {} ({}{}){}\n", kind.truth.rules.front(), kind.truth.causes.front(),
               trial.bad_depth > 0 ? fmt::format(", layer {}", trial.bad_depth) : "",
               kind.truth.at_start ? ", to be seen at the start" : "");
  }
  fmt::print("start    {}\nend      {}\n\n", said_text(trial.at_start), said_text(trial.at_end));
  if (options.details) fmt::print("{}", keeper.table(terminal_options()));
  return kOk;
}

int run_run(const Options& options) {
  const auto kinds = chosen(options);
  if (options.output_option->count() > 0) {
    if (options.check_harm || kinds.size() > 1) {
      throw SpecError("-o: one file for several trainings, expected it with one NAME");
    }
    Outputs files;
    files.writes_run("-o", options.output, options.force);
    files.check();
  }
  if (options.check_harm) {
    const auto harms = zoo::check_harm(kinds, options.seeds, options.jobs, Counter());
    fmt::print("{}", zoo::harm_text(harms));
    return std::ranges::all_of(harms, &zoo::Harm::is_shown) ? kOk : kError;
  }
  if (options.names.empty()) throw CLI::RequiredError("NAME");
  for (const zoo::Kind* kind : kinds) run_one(options, *kind);
  return kOk;
}

int run_score(const Options& options) {
  if (options.log_option->count() > 0) {
    Outputs files;
    files.writes("--log", options.log);
    files.check();
  }
  zoo::ScoreOptions wanted;
  wanted.half = half_option(options.half);
  for (const std::string& name : options.names) {
    wanted.only.emplace_back(zoo::find_kind(name).name);
  }
  wanted.seeds = options.seeds;
  wanted.jobs = options.jobs;
  wanted.twins = options.twins;
  wanted.peers = options.peers;
  wanted.record = options.record;
  const zoo::Score score = zoo::score(wanted, Counter());
  if (!options.log.empty()) {
    const std::string line = zoo::score_log_line(score, options.note) + "\n";
    if (const auto problem = append_output(options.log, line)) {
      throw StoreError(options.log + ": cannot be written: " + *problem);
    }
  }
  fmt::print("{}\n",
             options.json ? zoo::score_json(score) : zoo::score_text(score, options.details));
  return kOk;
}

/// What was tried and proven, in a file for each specimen.
void write_reports(const std::string& folder, zoo::CureScoreOptions& wanted) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw StoreError(folder + ": cannot be made: " + error.message());
  wanted.report = [folder](const zoo::Kind& kind, std::uint64_t seed, const CureReport& report) {
    const std::string name = fmt::format("{}-{}.txt", kind.name, seed);
    write_text((std::filesystem::path(folder) / name).string(),
               fmt::format("{}\n", fmt::join(cure_lines(report), "\n")));
  };
}

int run_cure(Options& options) {
  Ranks ranks;
  if (!ranks.is_first()) {
    ranks.serve([&](const std::string& task) { return zoo::answer_cure(task, options.cure); });
    return kOk;
  }
  Outputs files;
  options.cures.check(files);
  files.check();
  std::vector<const zoo::Kind*> kinds = chosen(options);
  std::erase_if(kinds, [&](const zoo::Kind* kind) {
    return kind->is_healthy() ? options.sick : !kind->truth.curable || options.healthy;
  });
  zoo::CureScoreOptions wanted;
  wanted.seeds = options.seeds;
  wanted.jobs = options.cures.jobs() + ranks.others();
  wanted.cure = options.cure;
  wanted.log = options.cures.log();
  wanted.progress = Counter("specimens");
  if (!options.reports.empty()) {
    write_reports(options.reports, wanted);
  } else if (ranks.others() > 0) {
    wanted.elsewhere = [&](const std::string& task) { return ranks.ask(task); };
  }
  catch_interrupts();
  wanted.keep_going = [] { return !interrupted(); };
  const auto trials = zoo::cure_kinds(kinds, wanted);
  fmt::print("{}", zoo::cure_text(trials, options.details));
  return interrupted() ? kInterrupted : kOk;
}

int run_advise(const Options& options) {
  std::vector<const zoo::Kind*> kinds = chosen(options);
  std::erase_if(kinds,
                [](const zoo::Kind* kind) { return kind->is_healthy() || !kind->truth.curable; });
  const auto trials = zoo::run_advice_trials(kinds, options.seeds, options.jobs, Counter());
  fmt::print("{}", zoo::advice_text(trials, options.details));
  return kOk;
}

}  // namespace

void add_zoo(CLI::App& app, int& result) {
  auto* command =
      app.add_subcommand("zoo", "Networks of known truth: list them, train them, score the rules");
  command->require_subcommand(1);
  command->footer(kFooter);
  auto options = std::make_shared<Options>();
  const auto selects = [&](CLI::App* part) {
    part->add_option("--half", options->half, "open, unseen or all")->type_name("HALF");
  };
  const auto repeats = [&](CLI::App* part) {
    part->add_option("--seeds", options->seeds, "seeds from 0 on")
        ->type_name("COUNT")
        ->check(CLI::PositiveNumber);
    part->add_option("--jobs", options->jobs, "trainings at a time, each on one thread")
        ->type_name("COUNT")
        ->check(CLI::Range(1, 256));
    part->add_option("--record", options->record, "when to measure, as of train")
        ->type_name("WHEN");
  };

  auto* list = command->add_subcommand("list", "The kinds, with family, half and truth");
  selects(list);
  list->add_option("--family", options->family, "one family alone")->type_name("FAMILY");
  list->callback([options, &result] { result = run_list(*options); });

  auto* run = command->add_subcommand("run", "Train one specimen and show what was said of it");
  run->add_option("NAME", options->names, "kinds");
  run->add_option("--seed", options->seed, "which specimen")->type_name("NUMBER");
  run->add_flag("--twin", options->twin, "the same without the fault");
  options->output_option =
      run->add_option("-o,--output", options->output, "record the run in this file")
          ->type_name("FILE");
  run->add_flag("--force", options->force, "replace a run that is there");
  run->add_flag("--details", options->details, "print the whole diagnosis");
  run->add_flag("--check-harm", options->check_harm,
                "train kinds beside their twins and show what the fault costs");
  run->add_option("--family", options->family, "with --check-harm: one family")
      ->type_name("FAMILY");
  selects(run);
  repeats(run);
  run->callback([options, &result] { result = run_run(*options); });

  auto* advise = command->add_subcommand(
      "advise", "Follow the first advice for curable kinds, and count whom it cured");
  advise->add_option("NAME", options->names, "these kinds alone");
  advise->add_option("--family", options->family, "one family alone")->type_name("FAMILY");
  selects(advise);
  repeats(advise);
  advise->add_flag("--details", options->details, "tell every specimen");
  advise->callback([options, &result] { result = run_advise(*options); });

  options->cure.proof_seeds = 5;
  options->cure.search.budget_s = 3;
  auto* cure = command->add_subcommand(
      "cure", "Cure the specimens and prove it, beside a random rewrite and the rate alone");
  cure->add_option("NAME", options->names, "these kinds alone");
  cure->add_option("--family", options->family, "one family alone")->type_name("FAMILY");
  selects(cure);
  cure->add_option("--seeds", options->seeds, "specimens of each kind")
      ->type_name("COUNT")
      ->check(CLI::PositiveNumber);
  auto* sick = cure->add_flag("--sick", options->sick, "no healthy kinds");
  cure->add_flag("--healthy", options->healthy, "healthy kinds alone")->excludes(sick);
  cure->add_option("--proof-seeds", options->cure.proof_seeds, "fresh seeds of each proof")
      ->type_name("COUNT")
      ->check(CLI::Range(3, 16));
  options->cures.add_to(*cure, "specimens");
  cure->add_option("--reports", options->reports,
                   "write what was tried and proven of each specimen to this folder")
      ->type_name("FOLDER");
  cure->add_flag("--details", options->details, "tell every specimen");
  cure->callback([options, &result] { result = run_cure(*options); });

  auto* score = command->add_subcommand("score", "Train a half and count what plumb got right");
  score->add_option("NAME", options->names, "these kinds alone");
  selects(score);
  repeats(score);
  score->add_flag("--twins", options->twins, "the twins too, as healthy runs");
  score->add_flag("--peers", options->peers, "the published rules of others too, on the same runs");
  score->add_flag("--details", options->details, "list each miss and each false alarm");
  score->add_flag("--json", options->json, "print everything as JSON");
  options->log_option =
      score->add_option("--log", options->log, "append one line of JSON to this file")
          ->type_name("FILE");
  score->add_option("--note", options->note, "stands in that line: a commit")->type_name("TEXT");
  score->callback([options, &result] { result = run_score(*options); });
}

}  // namespace plumb::cli
