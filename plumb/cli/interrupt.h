// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace plumb::cli {

/// From now on the first Ctrl-C (or SIGTERM) only sets a flag, so that the work can stop cleanly; a
/// second one ends the program, at the latest when the pass through the network that runs just now
/// is over.
void catch_interrupts();
bool interrupted();

}  // namespace plumb::cli
