// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace plumb {

/// What one arm of a proof came to, seed by seed.
struct ProofArm {
  std::string name;  ///< "untreated", "cured"
  /// By seed, as in ReportProof::seeds; none where the training was not finished or diverged.
  std::vector<std::optional<double>> scores;
  double mean = 0;  ///< of all its trainings
  /// By how much the cured arm is above it: the mean paired difference with its 95 % interval, and
  /// the p of the sign-flip test; none for the cured arm, and where fewer than two pairs are there.
  struct Difference {
    double mean = 0, low = 0, high = 0, p = 1;
  };
  std::optional<Difference> below_cured;
};

struct ProofChange {
  std::string key, before, after;  ///< of a setting: "network", "lr"
};

/// The proof of a cure, to stand on the page of its runs: trainings with fresh seeds, the same for
/// all arms. Facts for the page; plumb/cure/proof_page.h fills it.
struct ReportProof {
  std::string ending;  ///< "cured", "better", ...
  std::string text;    ///< the same in a sentence
  /// Scores are shares of right answers, else 1 - loss / (loss of the constant answer).
  bool is_accuracy = true;
  double constant_score = 0;  ///< of the constant answer
  std::vector<std::uint64_t> seeds;
  std::vector<ProofArm> arms;
  std::vector<ProofChange> changes;
  std::string command;  ///< "plumb train ...": the cured training; empty where nothing was cured
};

}  // namespace plumb
