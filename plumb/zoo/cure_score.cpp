// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/cure_score.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "plumb/core/log_lines.h"
#include "plumb/cure/tasks.h"
#include "plumb/proof/rank_correlation.h"

namespace plumb::zoo {

namespace {

using Place = std::pair<std::string, std::uint64_t>;

std::map<Place, CureTrial> known_trials(const LogLines& log, const CureOptions& options) {
  std::map<Place, CureTrial> known;
  for (const std::string& line : log.found()) {
    if (auto trial = trial_of_line(line, options)) {
      known.emplace(Place{trial->kind->name, trial->seed}, *trial);
    }
  }
  return known;
}

std::string score_text(const std::optional<double>& score) {
  return score ? fmt::format("{:6.3f}", *score) : std::string("     -");
}

std::string count_words(const std::map<std::string, int>& counts) {
  std::string text;
  for (const auto& [word, count] : counts) {
    if (!text.empty()) text += ", ";
    text += count > 1 ? fmt::format("{} {}x", word, count) : word;
  }
  return text;
}

/// Of sick specimens that came to a proof.
template <class Other>
SignTest compare(std::span<const CureTrial> trials, Other other_of) {
  SignTest test;
  for (const CureTrial& trial : trials) {
    const std::optional<double>& other = other_of(trial);
    if (trial.kind->is_healthy() || !trial.cured || !other) continue;
    constexpr double kSame = 1e-9;
    const double difference = *trial.cured - *other;
    ++(difference > kSame ? test.more : difference < -kSame ? test.less : test.same);
  }
  return test;
}

std::string test_text(const char* name, const SignTest& test) {
  return fmt::format("cured arm against {}: better {}, worse {}, same {}; sign test p = {:.2g}\n",
                     name, test.more, test.less, test.same, test.p());
}

std::string reach_text(std::span<const CureTrial> trials) {
  std::vector<double> predicted, measured;
  for (const CureTrial& trial : trials) {
    for (const CandidateReach& one : trial.reaches) {
      predicted.push_back(one.predicted);
      measured.push_back(one.measured);
    }
  }
  if (predicted.size() < 2) return {};
  return fmt::format(
      "predicted and measured reach of {} candidates that change start, activation, joins or "
      "norms: rank correlation {:.3f}\n",
      predicted.size(), rank_correlation(predicted, measured));
}

double median(std::vector<int> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : 0.5 * (values[half - 1] + values[half]);
}

}  // namespace

double SignTest::p() const {
  const std::int64_t n = more + less;
  if (n == 0) return 1;
  const auto log_factorial = [](std::int64_t k) { return std::lgamma(static_cast<double>(k + 1)); };
  double tail = 0;
  for (std::int64_t k = 0; k <= std::min(more, less); ++k) {
    tail += std::exp(log_factorial(n) - log_factorial(k) - log_factorial(n - k) -
                     static_cast<double>(n) * std::log(2.0));
  }
  return std::min(1.0, 2 * tail);
}

std::string answer_cure(const std::string& task, const CureOptions& options) {
  const std::size_t space = task.find(' ');
  const Kind& kind = find_kind(task.substr(0, space));
  return to_line(run_cure_trial(kind, std::stoull(task.substr(space + 1)), options), options);
}

std::vector<CureTrial> cure_kinds(std::span<const Kind* const> kinds,
                                  const CureScoreOptions& options) {
  std::optional<LogLines> log;
  std::map<Place, CureTrial> known;
  if (!options.log.empty()) known = known_trials(log.emplace(options.log), options.cure);
  CureOptions cure_options = options.cure;
  cure_options.jobs = 1;
  cure_options.keep_going = options.keep_going;
  const auto each = static_cast<std::size_t>(options.seeds);
  std::vector<std::optional<CureTrial>> trials(kinds.size() * each);
  std::atomic<std::size_t> done{0};
  std::mutex mutex;
  CureObserver observer;
  if (options.report) {
    observer = [&](const Kind& kind, std::uint64_t seed, const CureReport& report) {
      const std::lock_guard lock(mutex);
      options.report(kind, seed, report);
    };
  }
  const auto made = [&](const Kind& kind, std::uint64_t seed) {
    if (options.elsewhere) {
      const auto line = options.elsewhere(fmt::format("{} {}", kind.name, seed));
      if (line) return *trial_of_line(*line, options.cure);
    }
    return run_cure_trial(kind, seed, cure_options, observer);
  };
  run_tasks(trials.size(), options.jobs, [&](std::size_t i) {
    const Kind& kind = *kinds[i / each];
    const std::uint64_t seed = i % each;
    const auto it = known.find(Place{kind.name, seed});
    if (it != known.end()) {
      trials[i] = it->second;
    } else if (!options.keep_going || options.keep_going()) {
      const CureTrial trial = made(kind, seed);
      if (trial.ending == CureEnding::interrupted) return;
      const std::lock_guard lock(mutex);
      if (log) log->add(to_line(trial, options.cure));
      trials[i] = trial;
    }
    if (options.progress) options.progress(++done, trials.size());
  });
  std::vector<CureTrial> result;
  for (std::optional<CureTrial>& trial : trials) {
    if (trial) result.push_back(*std::move(trial));
  }
  return result;
}

std::string cure_text(std::span<const CureTrial> trials, bool details) {
  std::string text;
  std::size_t sick = 0, cured = 0, as_good = 0, healthy = 0, changed = 0;
  std::vector<int> ranks;
  std::map<std::string, int> endings;
  for (std::size_t first = 0; first < trials.size();) {
    const Kind* const kind = trials[first].kind;
    std::map<std::string, int> by, ended;
    std::size_t end = first, right = 0;
    for (; end < trials.size() && trials[end].kind == kind; ++end) {
      const CureTrial& one = trials[end];
      const bool is_right = kind->is_healthy() ? !one.is_changed() : one.is_cured();
      right += is_right ? 1 : 0;
      ++ended[std::string(to_string(one.ending))];
      if (!one.rewrite.empty())
        ++by[one.rewrite + (one.second.empty() ? "" : " and " + one.second)];
      if (kind->is_healthy()) {
        ++healthy;
        changed += one.is_changed() ? 1 : 0;
      } else if (one.is_as_good()) {
        ++as_good;
      } else {
        ++sick;
        cured += one.is_cured() ? 1 : 0;
        ++endings[std::string(to_string(one.ending))];
        if (one.rank > 0) ranks.push_back(one.rank);
      }
    }
    text += fmt::format("{:<26}{} of {} {}: {}{}\n", kind->name, right, end - first,
                        kind->is_healthy() ? "left alone" : "cured", count_words(ended),
                        by.empty() ? "" : "; by " + count_words(by));
    for (std::size_t i = first; details && i < end; ++i) {
      const CureTrial& one = trials[i];
      text += fmt::format(
          "  seed {}: constant {:.3f}, untreated {}, cured {}, random {}, rate {}; twin {:.3f}; "
          "place {}, {} trainings\n",
          one.seed, one.constant, score_text(one.untreated), score_text(one.cured),
          score_text(one.random), score_text(one.rate), one.twin, one.rank, one.trainings);
    }
    first = end;
  }
  const auto share = [](std::size_t count, std::size_t of) {
    return of == 0 ? 0.0 : 100.0 * static_cast<double>(count) / static_cast<double>(of);
  };
  text += fmt::format("\n{} of {} cured ({:.1f} %); endings: {}\n", cured, sick, share(cured, sick),
                      count_words(endings));
  text += fmt::format("{} more came to their twins' scores untreated\n", as_good);
  text += fmt::format("the winner was tried as number {} (median of {})\n", median(ranks),
                      ranks.size());
  text += test_text("a random rewrite",
                    compare(
                        trials, [](const CureTrial& t) -> auto& { return t.random; }));
  text +=
      test_text("the rate alone", compare(
                                      trials, [](const CureTrial& t) -> auto& { return t.rate; }));
  text += reach_text(trials);
  return text + fmt::format("{} of {} healthy specimens changed\n", changed, healthy);
}

}  // namespace plumb::zoo
