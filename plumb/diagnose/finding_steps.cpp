// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/finding_steps.h"

namespace plumb {

void set_all_steps(const RunView& view, Finding& finding) {
  finding.first_step = view.measured().front().step;
  finding.last_step = view.measured().back().step;
}

void set_steps(const RunView& view, const Episode& episode, Finding& finding) {
  finding.first_step = view.measured()[episode.first].step;
  finding.last_step = view.measured()[episode.last].step;
  finding.over = episode.over;
}

}  // namespace plumb
