// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/record/run.h"

namespace plumb::test {

/// A 30-layer sigmoid network, trained for a few steps: its first layers get next to no gradient.
Run sick_run();
/// The same depth with relu and a fitting initialisation.
Run healthy_run();
/// A single measured step, as `plumb probe` records it.
Run probe_run();
/// 2000 layers that lose 2 bits each: the first gets about 1e-1204.
Run deep_run();
/// Cut off; one gradient exactly zero, one not a number; labels that try to break out of the page
/// and of the terminal.
Run nasty_run();

/// An lstm of 200 time steps whose forget gates sit near one half and open during the training,
/// with a dense layer behind it; at the first steps the gradient loses about a bit at every time
/// step.
Run time_run();

}  // namespace plumb::test
