// SPDX-License-Identifier: Apache-2.0
// Every name that is stored reads back, and no two values of an enumeration share one.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "plumb/core/axis.h"
#include "plumb/record/finding.h"
#include "plumb/record/run_info.h"

namespace plumb {
namespace {

/// Walks the values from 0 to the first that has no name of its own.
template <class Enum, class Parse>
void expect_names_read_back(const char* what, Parse parse) {
  std::set<std::string> seen;
  int count = 0;
  for (; count < 256; ++count) {
    const auto value = static_cast<Enum>(count);
    const std::string name(to_string(value));
    if (name == "unknown" && parse(name) != value) break;
    EXPECT_TRUE(seen.insert(name).second) << what << ": " << name;
    EXPECT_EQ(parse(name), value) << what << ": " << name;
  }
  EXPECT_GT(count, 2) << what;
  EXPECT_EQ(parse("no such name"), std::nullopt) << what;
  EXPECT_EQ(parse(""), std::nullopt) << what;
}

TEST(NamesTest, ReadBack) {
  expect_names_read_back<LayerFamily>("family", parse_layer_family);
  expect_names_read_back<Axis>("axis", parse_axis);
  expect_names_read_back<Role>("role", parse_role);
  expect_names_read_back<Way>("way", parse_way);
  expect_names_read_back<ParamUse>("use", parse_param_use);
  expect_names_read_back<Severity>("severity", parse_severity);
  expect_names_read_back<Place::Of>("place", parse_place_of);
  expect_names_read_back<Quantity>("quantity", parse_quantity);
  expect_names_read_back<CauseKind>("cause", parse_cause_kind);
  expect_names_read_back<RemedyKind>("remedy", parse_remedy_kind);
}

TEST(NamesTest, SitesAreNamedForPeople) {
  RunInfo info;
  info.layers.resize(2);
  info.layers[1].path = "encoder.layer.3.fc1";
  info.params.resize(1);
  info.params[0].path = "encoder.layer.3.fc1.bias";
  EXPECT_EQ(info.name_of(Site::layer(1, Role::grad_z)), "encoder.layer.3.fc1/grad_z");
  EXPECT_EQ(info.name_of(Site::layer(1, Role::a, 2)), "encoder.layer.3.fc1:2/a");
  EXPECT_EQ(info.name_of(Site::param(0, Role::update)), "encoder.layer.3.fc1.bias/update");
  EXPECT_EQ(info.name_of(Site::layer(9, Role::a)), "?/a");
}

TEST(NamesTest, ParametersAreFoundByUseAndDirection) {
  RunInfo info;
  for (const bool reverse : {false, true}) {
    ParamInfo param;
    param.use = ParamUse::recurrent_weight;
    param.reverse = reverse;
    param.users = {3};
    info.params.push_back(param);
  }
  EXPECT_EQ(info.find_param(3, ParamUse::recurrent_weight), 0);
  EXPECT_EQ(info.find_param(3, ParamUse::recurrent_weight, true), 1);
  EXPECT_EQ(info.find_param(3, ParamUse::weight), kNoParam);
  EXPECT_EQ(info.find_param(2, ParamUse::recurrent_weight), kNoParam);
}

}  // namespace
}  // namespace plumb
