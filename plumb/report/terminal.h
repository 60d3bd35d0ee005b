// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "plumb/diagnose/diagnosis.h"
#include "plumb/record/run.h"

namespace plumb {

struct TerminalOptions {
  int width = 80;       ///< columns; less than 60 is laid out as 60
  bool colour = false;  ///< ANSI colours; the text alone says everything they say
  bool unicode = true;  ///< block elements and the run's own text; else plain ASCII
  int max_layers = 24;  ///< deeper networks are shortened to this many lines, at least 3
  bool books = false;   ///< tell what the layers inside residual blocks did
  std::optional<std::int64_t> step{};  ///< the measured step to show; by default the
                                       ///< last one whose gradients are finite
};

/// A run for the terminal: verdict first, then one line for each linear layer (input side first),
/// the two sides of each residual block, the gradient ledger summed by cause, and the findings with
/// their evidence and remedies.
///
/// Magnitudes are true ones (format_log2). The bars stand on a log axis from the smallest gradient
/// shown, at least 3 decades, to the largest. A shortened table keeps the first and last layer, the
/// one with the smallest gradient and those that findings name, and says that it is one.
///
/// `diagnosis` is of the same run; without one the run is diagnosed on the way. A run without any
/// measured step shows its verdict and says that nothing was measured; so does a step that was not
/// measured. Every line fits into the width and ends without spaces; text from the run cannot send
/// escape codes.
std::string render_table(const Run& run, const Diagnosis& diagnosis,
                         const TerminalOptions& options = {});
std::string render_table(const Run& run, const TerminalOptions& options = {});

/// The head of that alone: the network and the verdict.
std::string render_verdict(const Run& run, const Diagnosis& diagnosis,
                           const TerminalOptions& options = {});
std::string render_verdict(const Run& run, const TerminalOptions& options = {});

}  // namespace plumb
