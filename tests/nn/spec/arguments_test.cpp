// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/spec/arguments.h"

#include <gtest/gtest.h>

#include "tests/nn/spec/spec_error.h"

namespace plumb {
namespace {

/// Runs f on the arguments of the first item of `text`; the message without what follows line one.
template <class F>
std::string refusal(const std::string& text, F&& f) {
  const Spec spec = parse_spec(text);
  SpecArguments arguments(spec.text, spec.items.at(0));
  const std::string said = spec_error([&] { f(arguments); });
  return said.substr(0, said.find('\n'));
}

TEST(ArgumentsTest, ReadsWhatIsThere) {
  const Spec spec = parse_spec("conv 16 3x5 0.25 same bias=false stride=2 scale=1e-3 mode=wrap");
  SpecArguments arguments(spec.text, spec.items[0]);
  EXPECT_EQ(arguments.positive_integer(0, "channels"), 16);
  EXPECT_EQ(arguments.positive_pair(1, "the kernel"), (std::array<std::int64_t, 2>{3, 5}));
  EXPECT_EQ(arguments.number(2, "slope"), 0.25);
  EXPECT_EQ(arguments.number(9, "slope"), std::nullopt);
  EXPECT_TRUE(arguments.boolean("same", false));
  EXPECT_FALSE(arguments.boolean("bias", true));
  EXPECT_EQ(arguments.integer("stride", 1, 1), 2);
  EXPECT_EQ(arguments.number("scale", 1.0), 1e-3);
  EXPECT_EQ(arguments.word("mode", {"wrap", "zero"}), "wrap");
  arguments.done();
}

TEST(ArgumentsTest, GivesFallbacksForWhatIsAbsent) {
  const Spec spec = parse_spec("pool 3");
  SpecArguments arguments(spec.text, spec.items[0]);
  EXPECT_EQ(arguments.positive_pair(0, "the window"), (std::array<std::int64_t, 2>{3, 3}));
  EXPECT_TRUE(arguments.boolean("bias", true));
  EXPECT_EQ(arguments.integer("stride", 7, 1), 7);
  EXPECT_EQ(arguments.number("scale", 0.5), 0.5);
  EXPECT_EQ(arguments.word("mode", {"wrap"}), std::nullopt);
  arguments.done();
}

TEST(ArgumentsTest, AFlagOfAResidualIsTrue) {
  const Spec spec = parse_spec("res proj[relu]");
  SpecArguments arguments(spec.text, spec.items[0]);
  EXPECT_TRUE(arguments.boolean("proj", false));
  EXPECT_EQ(arguments.number("scale", 1.0), 1.0);
  arguments.done();
}

TEST(ArgumentsTest, RefusesIntegersThatAreNotPositive) {
  const auto units = [](SpecArguments& a) { a.positive_integer(0, "the number of units"); };
  EXPECT_EQ(refusal("dense", units), "network: dense: nothing given, expected the number of units");
  for (const char* text : {"-3", "0", "1e9999", "1.5", "x", "99999999999999999999", "3x"}) {
    EXPECT_EQ(refusal(std::string("dense ") + text, units),
              std::string("network: dense: the number of units is '") + text +
                  "', expected an integer from 1 to 2147483647");
  }
}

TEST(ArgumentsTest, RefusesNumbersThatAreNotFinite) {
  for (const char* text : {"inf", "nan", "1e9999", "0.5x", "--1", "+-1", "."}) {
    EXPECT_EQ(refusal(std::string("dropout ") + text, [](SpecArguments& a) { a.number(0, "p"); }),
              std::string("network: dropout: p is '") + text + "', expected a finite number");
  }
}

TEST(ArgumentsTest, RefusesValuesOfOptions) {
  EXPECT_EQ(refusal("dense bias=maybe", [](SpecArguments& a) { a.boolean("bias", true); }),
            "network: dense: bias is 'maybe', expected true or false");
  EXPECT_EQ(refusal("conv stride=0", [](SpecArguments& a) { a.integer("stride", 1, 1); }),
            "network: conv: stride is '0', expected an integer from 1 to 2147483647");
  EXPECT_EQ(refusal("gelu form=tan",
                    [](SpecArguments& a) {
                      a.word("form", {"erf", "tanh"});
                    }),
            "network: gelu: form is 'tan', expected erf or tanh");
}

TEST(ArgumentsTest, DoneRefusesWhatWasNotRead) {
  const auto read = [](SpecArguments& a) {
    a.positive_integer(0, "the number of units");
    a.boolean("bias", true);
    a.done();
  };
  EXPECT_EQ(refusal("dense 4 bais=false", read),
            "network: dense has no option 'bais', expected bias");
  EXPECT_EQ(refusal("dense 4 5", read),
            "network: dense has no place for '5', expected 1 or fewer arguments");
  EXPECT_EQ(refusal("relu 5", [](SpecArguments& a) { a.done(); }),
            "network: relu has no place for '5', expected no argument");
  EXPECT_EQ(refusal("relu a=5", [](SpecArguments& a) { a.done(); }),
            "network: relu has no option 'a', expected none");
}

TEST(ArgumentsTest, FailPointsAtTheName) {
  const Spec spec = parse_spec("relu > dropout 1.5");
  SpecArguments arguments(spec.text, spec.items[1]);
  EXPECT_EQ(spec_error([&] { arguments.fail("p is 1.5, expected 0 <= p < 1"); }),
            "network: dropout: p is 1.5, expected 0 <= p < 1\n"
            "  relu > dropout 1.5\n"
            "         ^");
}

}  // namespace
}  // namespace plumb
