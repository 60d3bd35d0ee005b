// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "plumb/cure/cure.h"
#include "plumb/zoo/kind.h"

namespace plumb::zoo {

/// Of a candidate that changes start, activation, joins or norms: log2 of the gradient's norm,
/// first over last linear layer, as one probe told it beforehand and as its trainings then had it
/// in their first measured step, with their own seeds. -infinity for a gradient that ends.
struct CandidateReach {
  std::string rewrite;
  double predicted = 0;
  double measured = 0;
};

/// What `plumb cure` made of one specimen, beside its twin. Scores are those of a cure (arm.h),
/// means over the seeds of the proof.
struct CureTrial {
  const Kind* kind = nullptr;
  std::uint64_t seed = 0;
  CureEnding ending = CureEnding::not_found;
  std::string rewrite;  ///< of the winner; empty for none
  std::string second;   ///< CureCandidate::more of the winner, "adam and set_rate"; empty for none
  /// In which place the winner was tried, from 1; 0 for none. One with a second change counts as
  /// the place of the first where that was tried alone.
  int rank = 0;
  int trainings = 0;
  double constant = 0;                                   ///< score of the constant answer
  std::optional<double> untreated, cured, random, rate;  ///< absent: there was no such arm
  double twin_constant = 0;
  std::vector<CandidateReach> reaches;  ///< of all that were trained in full and have both
  double twin = 0;  ///< score of the network without the fault, with the same seeds and budget

  /// Untreated it is as good as is_cured() asks of a cured one: its fault costs nothing by this
  /// score.
  bool is_as_good() const;
  /// The specimen was changed.
  bool is_changed() const;
  /// It was changed, and is within two points of the twin (kSamePoints, for classes) or 10 % of the
  /// twin's way from the constant answer (kTwinsWay).
  bool is_cured() const;

 private:
  bool comes_to_twin(double score) const;
};

inline constexpr double kSamePoints = 0.02;
inline constexpr double kTwinsWay = 0.9;

/// Told of a cure before all of it but the trial is forgotten.
using CureObserver =
    std::function<void(const Kind& kind, std::uint64_t seed, const CureReport& report)>;

/// Cures the specimen as a user would who knows nothing of its twin, and trains the twin with the
/// seeds of the proof (of a healthy kind nothing: it is its own).
/// Errors  those of cure(), with kind and seed in front.
CureTrial run_cure_trial(const Kind& kind, std::uint64_t seed, const CureOptions& options,
                         const CureObserver& observer = {});

/// One line of JSON, and back. Errors: DataError for what is no such line.
std::string to_line(const CureTrial& trial, const CureOptions& options);
/// Nothing where it was made with other options.
std::optional<CureTrial> trial_of_line(const std::string& line, const CureOptions& options);

}  // namespace plumb::zoo
