// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/words/finding_words.h"

#include <fmt/format.h>

#include <algorithm>

#include "plumb/diagnose/words/sentences.h"
#include "plumb/diagnose/words/sizes.h"

namespace plumb {

namespace {

std::string follows_text(const LayerNames& names, std::span<const Finding> all,
                         const Finding& finding) {
  if (!finding.explained_by) return {};
  const auto root = std::find_if(
      all.begin(), all.end(), [&](const Finding& one) { return one.id == *finding.explained_by; });
  if (root == all.end()) return {};
  const bool somewhere = root->place.of != Place::Of::network;
  return fmt::format(" This follows from {}{}.", root->rule,
                     somewhere ? " at " + names.where(root->place) : "");
}

}  // namespace

std::string disease_name(std::string_view rule) {
  std::string name(rule);
  std::replace(name.begin(), name.end(), '_', ' ');
  return capitalised(name);
}

FindingWords words_of(const RunInfo& info, std::span<const Finding> all, const Finding& finding) {
  const LayerNames names(info);
  const words::Telling telling{info, names, finding};
  FindingWords words;
  words.symptom = words::symptom(telling);
  words.cause = words::cause(telling) + follows_text(names, all, finding);
  words.consequence = finding.did_harm == false
                          ? "It did no harm: the network learned all the same."
                          : words::consequence(telling);
  for (const Evidence& evidence : finding.evidence) {
    words.evidence_names.push_back(words::evidence_name(telling, evidence));
    words.evidence_sources.push_back(words::evidence_source(telling, evidence));
  }
  for (const Remedy& remedy : finding.remedies) {
    words.remedies.push_back(words::remedy(telling, remedy));
  }
  return words;
}

}  // namespace plumb
