// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plumb/proof/paired.h"

namespace plumb {

/// How a cure ended.
enum class CureEnding : std::uint8_t {
  cured,
  better,        ///< the difference is proven, but much of the way or a critical finding is left
  any_rate,      ///< another learning rate alone does as well
  not_proven,    ///< the cured arm did better in the mean, by less than its seeds can prove
  not_found,     ///< nothing that was tried does better
  not_sick,      ///< the untreated training shows no failure
  inconclusive,  ///< it fails with some seeds and not with others
  predicted,     ///< a dry run
  interrupted
};
std::string_view to_string(CureEnding ending);

// What a cure decides, from the scores of trainings alone, whoever trained them. A score is 1 where
// all is reached that can be had; what the constant answer has is `constant`.

/// Of the way from the constant answer to what can be had, where the table below says so.
inline constexpr double kTenthOfTheWay = 0.1;
/// Scores closer than this are the same for the choice between candidates: the smaller change wins.
inline constexpr double kSameScore = 0.02;
/// The first seed of a proof, counted from the patient's own: nothing is chosen by these.
inline constexpr std::uint64_t kFirstProofSeed = 1000;

/// What one untreated training shows.
struct TrainingSigns {
  double score = 0;
  bool suspect = false;      ///< the rules call it neither healthy nor converged
  bool has_finding = false;  ///< a warning or worse; notes are for what did no harm
};

/// Whether it fails: it is within a tenth of the way of the constant answer; or it is suspect, and
/// at least a tenth away from all that can be had; or it is more than half away, and has a finding.
/// A score that is no number fails.
bool training_fails(const TrainingSigns& training, double constant);

/// How it ends where `failures` of `seeds` untreated trainings fail: none, not_sick; fewer than two
/// of three, inconclusive, or where as many seeds were added because of that (`is_second`), fewer
/// than one of three. Otherwise it goes on.
std::optional<CureEnding> reproduction_ending(int failures, int seeds, bool is_second = false);

/// Whether untreated trainings that do not fail by training_fails() are doubted nevertheless: in
/// the mean they leave more than half of what can be had. A hard task does that too, so that
/// comparison has to say which it is: see settles_doubt().
bool is_doubted(double untreated, double constant);
/// Whether a change that scores `changed` brings half or more of what the doubted ones leave. Then
/// they were sick; else they are as reproduction_ending() says.
bool settles_doubt(double untreated, double changed);

/// A candidate that was trained in full with every seed of the screen; a score that is no number
/// stands for one that was not.
struct ScreenedChange {
  double score = 0;
  int size = 1;  ///< how much it changes
};
struct ScreenChoice {
  std::optional<std::size_t> winner;
  double best = 0;  ///< the best score, at least kSameScore above the untreated one
};

/// Of those that score within kSameScore of the best the smallest change, then the first. None that
/// is not more than kSameScore above the untreated one.
ScreenChoice choose_change(double untreated, std::span<const ScreenedChange> candidates);

/// What a proof came to.
struct ProofFacts {
  PairedDifference over_untreated, over_rate;
  double cured = 0;              ///< mean score of the cured arm
  double constant = 0;           ///< score of the constant answer
  double way = 0;                ///< what the best screened training gained over the untreated one
  bool leaves_findings = false;  ///< critical ones, in most of the cured trainings
};

/// Unless the interval of the difference lies above 0: not_proven where its mean is kSameScore or
/// more, else not_found. any_rate where the arm of the rate
/// alone has all but a tenth of the effect. cured where the effect is 9/10 of the way, the arm is
/// more than a tenth of the way above the constant answer, and no findings are left; else better.
CureEnding judge_proof(const ProofFacts& facts);

}  // namespace plumb
