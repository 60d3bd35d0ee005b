// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/cure/arm_trainer.h"
#include "plumb/cure/cure.h"

namespace plumb {

/// Untreated, cured, random rewrite, rate alone.
inline constexpr int kProofArms = 4;
/// Of the exact sign-flip test (paired.h).
inline constexpr int kMostProofSeeds = 16;

struct ProofOptions {
  AdviceOptions search;  ///< of whose budget a rate is measured
  int seeds = 8;
};

/// Trains the four arms of the report's winner with fresh seeds and fills in the report's proof:
/// untreated; cured; for each seed a rewrite drawn at random from all that apply, change something
/// and fit the data, without the winner's own; and the best rate alone, as the search measured it
/// or measured now (no such arm where the winner is a rate).
/// Errors  as Trainer.
void prove(CureReport& report, CureData& data, const ProofOptions& options, ArmTrainer& trainer);

}  // namespace plumb
