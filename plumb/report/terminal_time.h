// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/record/run.h"
#include "plumb/report/terminal_page.h"

namespace plumb {

/// The flow through time of each recurrent layer at one measured step: what reaches the first time
/// step, bars over a selection of time steps, the books by cause, and a line for each gate with its
/// share in the way back. Nothing for a run without recurrent layers. Private to report/.
void write_time(Page& page, const Run& run, const StepRecord& step);

}  // namespace plumb
