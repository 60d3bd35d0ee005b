// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "plumb/diagnose/run_view.h"
#include "plumb/record/finding.h"

namespace plumb {

/// Judges what the findings did to learning (Finding::did_harm), and their severity by it:
///
///   no harm   the network has reached most of what can be had (Learning::reached): whatever showed,
///             it is a note now. So it is in a run that has converged. Nor did it where everything
///             above a note was over in the first quarter of the run, the network learns (a fifth of
///             the way at least: of labels full of noise no network gets much further), and it was
///             not slowed: it left the baseline in the first tenth of its steps, came half of the
///             way, or has come to where its loss falls no more.
///   harm      the network stands at the level of the best constant answer, has lost what it had
///             learned, or its loss is no number any more: a finding keeps its severity, and one
///             that is over is a warning at least, for what it did is not.
///   unknown   anything between, and runs of less than Learning::kSomeSteps steps: what was found at
///             the start of a network is a warning about the start.
///
/// A finding that names a lowest loss (Quantity::loss_floor) did harm where that is most of what is
/// left at the end, however much was learned.
///
/// Samples that look alike to the last layers did no harm only where the network has reached most
/// of what can be had: how far it comes is what they decide.
///
/// Weights that start too large did harm where the network overfits, however much of the training
/// part was learned: lazy training is what they bring about.
///
/// Findings that speak of learning itself (overfitting, running_statistics, and what else says so
/// in the source) are left as they are.
void judge_harm(const RunView& view, std::vector<Finding>& findings);

}  // namespace plumb
