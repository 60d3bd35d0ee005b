// SPDX-License-Identifier: Apache-2.0
#include "python/src/proof.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "plumb/proof/protocol.h"

namespace plumb::python {

namespace nb = nanobind;

namespace {

std::string text(CureEnding ending) { return std::string(to_string(ending)); }

using Difference = std::tuple<int, double, double, double, double>;

PairedDifference difference(const Difference& told) {
  const auto& [pairs, mean, low, high, p] = told;
  return {pairs, mean, low, high, p};
}

/// (pairs, mean, low, high, p)
Difference paired(const std::vector<double>& a, const std::vector<double>& b) {
  const PairedDifference found = paired_difference(a, b);
  return {found.pairs, found.mean, found.low, found.high, found.p};
}

std::optional<std::string> reproduced(int failures, int seeds, bool is_second) {
  const std::optional<CureEnding> ending = reproduction_ending(failures, seeds, is_second);
  if (!ending) return std::nullopt;
  return text(*ending);
}

/// candidates: (score, size). Returns (place of the winner or None, the best score).
std::pair<std::optional<std::size_t>, double> choose(
    double untreated, const std::vector<std::pair<double, int>>& candidates) {
  std::vector<ScreenedChange> screened;
  for (const auto& [score, size] : candidates) screened.push_back({score, size});
  const ScreenChoice choice = choose_change(untreated, screened);
  return {choice.winner, choice.best};
}

std::string judge(const Difference& over_untreated, const std::optional<Difference>& over_rate,
                  double cured, double constant, double way, bool leaves_findings) {
  ProofFacts facts;
  facts.over_untreated = difference(over_untreated);
  if (over_rate) facts.over_rate = difference(*over_rate);
  facts.cured = cured;
  facts.constant = constant;
  facts.way = way;
  facts.leaves_findings = leaves_findings;
  return text(judge_proof(facts));
}

}  // namespace

void bind_proof(nb::module_& module) {
  module.attr("first_proof_seed") = kFirstProofSeed;
  module.attr("same_score") = kSameScore;
  module.attr("tenth_of_the_way") = kTenthOfTheWay;
  module.def("paired_difference", &paired, nb::arg("a"), nb::arg("b"));
  module.def(
      "training_fails",
      [](double score, bool suspect, bool has_finding, double constant) {
        return training_fails({score, suspect, has_finding}, constant);
      },
      nb::arg("score"), nb::arg("suspect"), nb::arg("has_finding"), nb::arg("constant"));
  module.def("reproduction_ending", &reproduced, nb::arg("failures"), nb::arg("seeds"),
             nb::arg("is_second") = false);
  module.def("is_doubted", &is_doubted, nb::arg("untreated"), nb::arg("constant"));
  module.def("settles_doubt", &settles_doubt, nb::arg("untreated"), nb::arg("changed"));
  module.def("choose_change", &choose, nb::arg("untreated"), nb::arg("candidates"));
  module.def("judge_proof", &judge, nb::arg("over_untreated"), nb::arg("over_rate").none(),
             nb::arg("cured"), nb::arg("constant"), nb::arg("way"), nb::arg("leaves_findings"));
}

}  // namespace plumb::python
