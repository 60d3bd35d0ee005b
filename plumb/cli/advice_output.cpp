// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/advice_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "plumb/cli/tty.h"
#include "plumb/cure/advice_words.h"
#include "plumb/report/text.h"

namespace plumb::cli {

namespace {

/// A note alone asks for nothing, nor does a network that is well.
bool asks_for_advice(const Diagnosis& diagnosis) {
  const std::vector<Finding>& findings = diagnosis.findings();
  return !is_well(diagnosis.outcome()) &&
         std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.severity >= Severity::warning; });
}

void prescribe(RunKeeper& keeper, const Advice& advice) {
  std::vector<Finding> findings = with_checked_remedies(keeper.diagnosis().findings(), advice);
  std::string first = first_advice(keeper.run().info, findings, advice);
  keeper.diagnosis().prescribe(std::move(findings), std::move(first));
}

}  // namespace

std::optional<Advice> advise(RunKeeper& keeper, const TrainConfig& config, Split data,
                             const AdviceOptions& options) {
  const std::vector<Finding>& findings = keeper.diagnosis().findings();
  if (!asks_for_advice(keeper.diagnosis())) return std::nullopt;
  CureData loaded(config, std::move(data));
  Advice advice = check_advice(config, loaded, findings, options);
  prescribe(keeper, advice);
  return advice;
}

std::optional<Advice> advise_run(RunKeeper& keeper, bool check, std::string& because) {
  const std::vector<Finding>& findings = keeper.diagnosis().findings();
  if (!asks_for_advice(keeper.diagnosis())) return std::nullopt;
  const std::optional<TrainConfig> config = config_of(keeper.run().info);
  if (!config) return std::nullopt;
  if (check) {
    try {
      return advise(keeper, *config, load_split(config->data, config->data_options()));
    } catch (const std::exception& error) {
      because = std::string("its data or weights are not at hand: ") + error.what();
    }
  }
  return predict_advice(*config, findings);
}

void print_advice(const std::optional<Advice>& advice, const std::string& because) {
  if (!advice) return;
  const std::vector<std::string> lines = advice_lines(*advice, because);
  if (!lines.empty()) fmt::print("\n");
  for (const std::string& line : lines) print_wrapped(line);
}

void print_wrapped(const std::string& line) {
  const std::size_t text = line.find_first_not_of(' ');
  // A command is copied, so it stays in one piece.
  if (text == std::string::npos || line.compare(text, 6, "plumb ") == 0) {
    fmt::print("{}\n", line);
    return;
  }
  const std::string margin(text, ' ');
  const char* hang = "";
  for (const std::string& part :
       wrap(line.substr(text), terminal_options().width - static_cast<int>(text) - 3)) {
    fmt::print("{}{}{}\n", margin, hang, part);
    hang = "   ";
  }
}

}  // namespace plumb::cli
