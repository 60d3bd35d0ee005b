// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "plumb/core/rng.h"
#include "tests/diagnose/sick_runs.h"

namespace plumb {
namespace {

/// A word that says nothing, by a number.
std::string noise(const Rng& rng, std::uint64_t& draw) {
  std::string text;
  for (int i = 0; i < 8; ++i) {
    text += static_cast<char>('!' + static_cast<int>(rng.uniform(draw++) * 90));
  }
  return text;
}

// Every path, kind and text is replaced: what is found, where, since when and why stays, for ids,
// traits and functions are all that rules read.
TEST(NamesTest, ARunWithOtherNamesHasTheSameFindings) {
  const Rng rng(11, "names_test");
  std::uint64_t draw = 0;
  for (auto [name, run] : test::sick_runs()) {
    const auto before = diagnose(run);
    for (LayerInfo& layer : run.info.layers) {
      layer.path = noise(rng, draw);
      layer.kind = noise(rng, draw);
      layer.text = noise(rng, draw);
    }
    for (BlockInfo& block : run.info.blocks) block.path = block.kind = noise(rng, draw);
    for (ParamInfo& param : run.info.params) param.path = param.name = noise(rng, draw);
    run.info.network = noise(rng, draw);
    EXPECT_EQ(diagnose(run), before) << name;
  }
}

// The names in the sentences are those of the layers, and nothing else in them depends on a name.
TEST(NamesTest, AKindIsAWordInTheSentences) {
  for (auto [name, run] : test::sick_runs()) {
    const auto findings = diagnose(run);
    std::vector<FindingWords> before;
    for (const Finding& finding : findings) {
      before.push_back(words_of(run.info, findings, finding));
    }
    for (LayerInfo& layer : run.info.layers) layer.kind = "Gizmo";
    for (std::size_t i = 0; i < findings.size(); ++i) {
      const FindingWords words = words_of(run.info, findings, findings[i]);
      EXPECT_EQ(words.remedies.size(), before[i].remedies.size());
      EXPECT_EQ(words.evidence_sources, before[i].evidence_sources) << name;
      EXPECT_FALSE(test::contains(words.symptom, "sigmoid")) << name;
    }
  }
}

}  // namespace
}  // namespace plumb
