// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plumb/diagnose/diagnosis.h"
#include "plumb/record/run.h"
#include "plumb/zoo/kind.h"
#include "plumb/zoo/peers/peer.h"

namespace plumb::zoo {

/// One finding, as far as a truth can be compared with it.
struct Said {
  std::string rule;
  Severity severity = Severity::note;
  std::string cause;
  int depth = 0;  ///< of the layer it names, as Specimen::bad_depth; 0 for none
  bool is_explained = false;
  bool is_alarm() const { return severity != Severity::note; }
};

/// What a diagnosis answered.
struct Answer {
  std::string outcome;  ///< plumb::to_string(Outcome)
  std::vector<Said> findings;

  /// The first finding that is a warning or worse; null for none.
  const Said* first_alarm() const;
};
Answer answer_of(const Diagnosis& diagnosis);

/// What came of one training.
struct Trial {
  const Kind* kind = nullptr;
  std::uint64_t seed = 0;
  bool is_twin = false;
  double baseline = 0;  ///< loss of the best constant answer on the part that is measured
  double loss = 0;  ///< of that part at the end, in inference mode; infinite where it is no number
  int bad_depth = 0;  ///< Specimen::bad_depth
  Answer at_start;    ///< of the first step alone
  Answer at_end;
  std::vector<Finding> findings;  ///< those of at_end, whole
  /// What the rules of others reported, in the order of peers(); empty unless asked for.
  std::vector<Symptoms> peers_at_start, peers_at_end;

  bool is_healthy() const { return is_twin || kind->is_healthy(); }
  /// What part of the baseline's loss was taken away: 0 for a network that learned nothing.
  double gained() const { return (baseline - loss) / baseline; }
};

struct TrialOptions {
  std::string record = "log";
  /// Receives the run as it comes; null for none. In it stands all that a trial rests on.
  RecordSink* sink = nullptr;
  bool peers = false;  ///< ask the rules of others too
};

/// Builds a specimen, does its surgery, trains it on one thread and asks plumb about it.
/// Errors  Those of the trainer, with kind and seed in front.
Trial run_trial(const Kind& kind, std::uint64_t seed, bool twin, const TrialOptions& options = {});

/// The loss of the best constant answer: the entropy of the classes, half the summed variance of
/// the targets (mse; in the unit of the data, as losses are told), of two classes in one output the
/// same entropy.
double constant_loss(const Dataset& data);

}  // namespace plumb::zoo
