// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "plumb/record/finding.h"
#include "plumb/record/run_info.h"

namespace plumb {

/// One finding with its sentences, for the page and for programs; `all` are those of its run.
///
///   {"id", "rule", "severity", "layer", "path", "where", "first_step", "last_step", "over",
///    "symptom", "evidence": [{"quantity", "name", "value", "threshold", "threshold_source"}],
///    "cause", "cause_kind", "cause_share", "did_harm", "explained_by", "consequence",
///    "remedies": [{"kind", "layer", "arguments", "text"}]}
///
/// `layer` is its place in RunInfo::layers, null where it is not at a layer; `path` is for people:
/// "" for the whole network, "loss" for the loss. `explained_by` is the id of another finding or
/// null. `cause_share` is the part that the cause has in the whole, more than 1 where something
/// else makes up for some: the one definition of a share, which the sentences use too. `quantity`,
/// `cause_kind` and `kind` are names of record/finding_kinds.h. Numbers that are not finite are
/// null; malformed UTF-8 becomes U+FFFD.
std::string finding_json(const RunInfo& info, std::span<const Finding> all, const Finding& finding);

}  // namespace plumb
