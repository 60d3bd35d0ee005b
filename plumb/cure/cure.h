// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/cure/advice.h"
#include "plumb/cure/arm.h"
#include "plumb/cure/make_training.h"
#include "plumb/proof/protocol.h"

namespace plumb {

struct CureProgress {
  std::string doing;  ///< "proving it with fresh seeds"
  std::size_t done = 0;
  std::size_t all = 0;  ///< trainings; 0 where it is none
};

/// What a recorded run of the untreated training came to.
struct KnownTraining {
  std::vector<Finding> findings;
  Outcome outcome = Outcome::not_measured;
};

struct CureOptions {
  std::vector<CureGroup> keep;  ///< groups that must not be changed
  std::vector<CureGroup> only;  ///< groups that may; empty: all
  int budget = 60;              ///< trainings, all arms together, at most
  /// In the place of `budget`: as many trainings as fit, by the time that those of the reproduction
  /// took. What is left of it after the search is settled then, and the proof has fewer seeds than
  /// proof_seeds (but kFewestProofSeeds) where no more fit. Only so does the result depend on the
  /// machine and on `jobs`.
  std::optional<double> budget_s;
  int screen_seeds = 3;
  int proof_seeds = 8;  ///< at least; see Proof
  int screened = 8;     ///< candidates that are trained in full with one seed, at most
  bool dry_run = false;
  /// What a dry run takes for sick or not and begins with; without it, a probe at the start.
  std::optional<KnownTraining> known;
  int jobs = 1;
  AdviceOptions search{.budget_s = 6, .search_further = true};
  ArmSink sink;  ///< of each training; empty for none
  /// Where results of trainings are kept and looked up; null for nowhere. The first training is
  /// always made, for what it found is what the search begins with.
  TrainingLog* log = nullptr;
  std::function<bool()> keep_going;  ///< false ends it with what is proven so far
  FarTraining elsewhere;             ///< other processes that make trainings; empty for none
  /// Called when something begins and when a training of it has ended, from any thread.
  std::function<void(const CureProgress& progress)> progress;
};

/// A change, alone or with others on top of it, that was trained in full.
struct CureCandidate {
  CheckedChange change;  ///< all of them; its prescription is that of the first
  std::vector<const RewriteEntry*>
      more;    ///< set_rate: with a rate that was measured for the others
  Arm screen;  ///< one training alone where that one was too far behind

  bool is_screened(int seeds) const {
    return screen.trainings.size() == static_cast<std::size_t>(seeds);
  }
};

/// What came of it, as facts.
struct CureReport {
  CureEnding ending = CureEnding::not_found;
  TrainConfig patient;
  RunInfo info;           ///< of the untreated training: whose layers its findings name
  bool is_known = false;  ///< CureOptions::known was there
  Arm untreated;          ///< reproduction
  double constant_score = 0;
  std::vector<Finding> findings;  ///< of an untreated training that failed: what the search is for
  Advice search;                  ///< what was predicted and tried for a few steps
  std::vector<CureCandidate> candidates;  ///< in the order in which they were tried
  std::optional<std::size_t> winner;
  double best_screened = 0;  ///< the best mean score over the seeds of the screen
  /// The proof: fresh seeds, the same for all arms.
  Arm proof_untreated, proof_cured, proof_random, proof_rate;
  std::vector<std::string> random_names;  ///< what the random arm did, by seed
  PairedDifference over_untreated, over_random, over_rate;
  int trainings = 0;
  bool left_findings = false;  ///< critical ones, in most of the cured trainings

  const TrainConfig& cured_config() const { return proof_cured.config; }
};

/// Finds what makes a sick training well, and proves it by training again.
///
/// How to use:
///
///   CureData data(patient);  // loads patient.data
///   CureOptions options;
///   options.keep = {CureGroup::depth};  // and what else must stay as it is
///   options.budget = 40;                // trainings
///   const CureReport report = cure(patient, data, options);
///   if (report.ending == CureEnding::cured) {
///     const TrainConfig& well = report.cured_config();
///     std::printf("%s: better by %.3f to %.3f\n", well.network.c_str(),  // the 95 % interval
///                 report.over_untreated.low, report.over_untreated.high);
///   }
///
/// Reproduce  The untreated training with screen_seeds seeds; it fails as training_fails()
///            says (proof/protocol.h). None: "not sick". Where some but not most fail (2 of 3), as many seeds
///            again: a third of all must fail, else "inconclusive". The screen has all of these
///            seeds, and begins with the first that failed.
/// Search     check_advice() over the findings' remedies and every rewrite that is allowed: a probe
///            and a short training each. The best few are trained in full with one seed, the better
///            half of them with the other ones. Where the best has less than half of what can be
///            had, the changes are tried two by two (pair_search.h), and the best pairs in full.
///            Then the best once more with a rate measured for it, and, where it leaves a tenth or
///            more of what can be had, with each of the two next best changes of another group, or
///            adam.
///            Where fewer candidates are left than may be screened, what a probe spoke against, or
///            nothing could be told of, is screened behind them. Of trainings that are long
///            themselves the search has more time than AdviceOptions says: cure_budget.h.
/// Proof      proof_seeds fresh seeds that nothing was chosen by (up to 16 where the lead in the
///            screen is small for its spread and the budget allows it; how many is known before the
///            first of them is trained): untreated, cured, a rewrite drawn
///            at random for each seed from all that apply, and the best rate alone. Same data, same
///            order of batches, same number of steps; pairs by seed (proof/paired.h).
/// Cured      The interval of the difference lies above 0, the cured arm keeps at least 9/10 of
///            what the best screened training reached over the untreated one, and no critical
///            finding lasts in most of its trainings.
/// Dry run    Nothing is trained. Not sick where the known run is well, or, without one, where a
///            probe finds nothing above a note; else what could be done, as predicted.
/// Stopped    keep_going() ends it after the step of each training under way; what is finished of
///            the arms stands in the report, and pairs of the proof with it.
/// Same       for any number of jobs and processes. The order of the seeds is the run's seed and
///            the numbers after it for the screen, and from 1000 on for the proof.
/// Errors     as Trainer, for the patient's own configuration, and SpecError for a budget below the
///            smallest: before anything is trained, or, of one in seconds, once it is known how long
///            a training takes.
CureReport cure(const TrainConfig& patient, CureData& data, const CureOptions& options = {});

}  // namespace plumb
