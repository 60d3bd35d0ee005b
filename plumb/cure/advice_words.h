// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "plumb/cure/advice.h"

namespace plumb {

/// "--init lecun_normal (was pytorch), --bias-init zeros (was pytorch)"; of the network, what it
/// becomes.
std::string change_text(const SettingChange& change);

/// The advice as lines for a terminal, without a final line break: what to try first with what is
/// known of it, the command to copy, what else helps, what was looked at and dropped. Empty where
/// there is no change to speak of.
///
/// `because` is said where nothing was trained: why not ("the data are not at hand"). At most
/// `most` changes are shown.
std::vector<std::string> advice_lines(const Advice& advice, const std::string& because = {},
                                      int most = 3);

/// The sentence by which a verdict on `findings` ends (Diagnosis::prescribe), once they are
/// with_checked_remedies(): so that it names what the lines above name first. Empty where that is
/// the first remedy of the first finding, or where a person has to do that one.
std::string first_advice(const RunInfo& info, const std::vector<Finding>& findings,
                         const Advice& advice);

}  // namespace plumb
