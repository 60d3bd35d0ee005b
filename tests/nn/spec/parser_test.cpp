// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>

#include "plumb/core/rng.h"
#include "plumb/nn/spec/spec.h"
#include "tests/nn/spec/spec_error.h"

namespace plumb {
namespace {

using Kind = SpecItem::Kind;

std::string error(const std::string& text) {
  return spec_error([&] { parse_spec(text); });
}

/// The message's first line and the column of its caret: "COLUMN: MESSAGE".
std::string brief(const std::string& text) {
  const std::string said = error(text);
  const std::size_t first = said.find('\n');
  if (first == std::string::npos) return said;
  const std::size_t last = said.rfind('\n');
  return std::to_string(said.size() - last - 4) + ": " + said.substr(9, first - 9);
}

TEST(ParserTest, ReadsAChainOfLayers) {
  const Spec spec = parse_spec("dense 128 bias=false > leaky_relu 0.2");
  ASSERT_EQ(spec.items.size(), 2u);
  const SpecItem& dense = spec.items[0];
  EXPECT_EQ(dense.kind, Kind::layer);
  EXPECT_EQ(dense.name.text, "dense");
  ASSERT_EQ(dense.arguments.size(), 1u);
  EXPECT_EQ(dense.arguments[0].text, "128");
  EXPECT_EQ(dense.arguments[0].column, 6u);
  ASSERT_EQ(dense.options.size(), 1u);
  EXPECT_EQ(dense.options[0].key.text, "bias");
  EXPECT_EQ(dense.options[0].value.text, "false");
  EXPECT_EQ(dense.options[0].value.column, 15u);
  EXPECT_EQ(spec.items[1].name.column, 23u);
}

TEST(ParserTest, ReadsARepeat) {
  const Spec spec = parse_spec("30 x [dense 128 > sigmoid] > dense 10");
  ASSERT_EQ(spec.items.size(), 2u);
  EXPECT_EQ(spec.items[0].kind, Kind::repeat);
  EXPECT_EQ(spec.items[0].count, 30);
  EXPECT_EQ(spec.items[0].name.text, "30");
  EXPECT_EQ(spec.items[0].children.size(), 2u);
}

TEST(ParserTest, ReadsAResidualWithFlagsAndKeys) {
  const Spec spec = parse_spec("9 x res proj scale=0.5 [conv 16 3x3 > bn]");
  const SpecItem& res = spec.items.at(0).children.at(0);
  EXPECT_EQ(res.kind, Kind::residual);
  ASSERT_EQ(res.options.size(), 2u);
  EXPECT_EQ(res.options[0].key.text, "proj");
  EXPECT_EQ(res.options[0].value.text, "");
  EXPECT_EQ(res.options[1].value.text, "0.5");
  EXPECT_EQ(res.children.at(0).arguments.at(1).text, "3x3");
}

TEST(ParserTest, WhitespaceIsFree) {
  const std::string wanted = "30 x [dense 128 > sigmoid] > 2 x res[relu] > dense 10 bias=0";
  for (const char* text :
       {"30x[dense 128>sigmoid]>2xres[relu]>dense 10 bias=0",
        " 30 x[ dense\n128 > sigmoid ]\n  > 2 xres [relu] > 1xdense\t10 bias = 0 ",
        "30x [dense 128>sigmoid] >2x res [ relu ]> dense 10 bias= 0"}) {
    std::string normal = to_string(parse_spec(text));
    if (const auto one = normal.find("1 x "); one != std::string::npos) normal.erase(one, 4);
    EXPECT_EQ(normal, wanted) << text;
  }
}

TEST(ParserTest, TheExampleOfTheContract) {
  EXPECT_EQ(error("dense 128 & relu"),
            "network: unknown character '&', expected a layer, '>' or ']'\n"
            "  dense 128 & relu\n"
            "            ^");
}

TEST(ParserTest, ErrorsSayWhatWasExpectedAndWhere) {
  EXPECT_EQ(brief(""), "0: the text ends, expected a layer");
  EXPECT_EQ(brief("   "), "3: the text ends, expected a layer");
  EXPECT_EQ(brief("dense 4 >"), "9: the text ends, expected a layer");
  EXPECT_EQ(brief("dense 4 > > relu"), "10: found '>', expected a layer");
  EXPECT_EQ(brief("3 dense 4"), "2: found 'dense', expected 'x' after the count 3");
  EXPECT_EQ(brief("3 x"), "3: the text ends, expected a layer or '['");
  EXPECT_EQ(brief("3 x []"), "5: found ']', expected a layer");
  EXPECT_EQ(brief("0 x relu"), "0: a count of 0, expected 1 or more");
  EXPECT_EQ(brief("2 x 3 x relu"), "4: found '3', expected a layer, or brackets around a repeat");
  EXPECT_EQ(brief("2 x [relu"), "4: '[' is never closed, expected ']'");
  EXPECT_EQ(brief("relu]"), "4: ']' without a '['");
  EXPECT_EQ(brief("2 x [relu] relu"), "11: found 'relu', expected '>'");
  EXPECT_EQ(brief("res[relu] [relu]"), "10: found '[', expected '>'");
  EXPECT_EQ(brief("2 x [res[relu] relu]"), "15: found 'relu', expected '>' or ']'");
  EXPECT_EQ(brief("res"), "3: the text ends, expected '[' after res");
  EXPECT_EQ(brief("relu [dense 4]"),
            "5: '[' after relu, expected it after res, highway or a count only");
  EXPECT_EQ(brief("highway"), "7: the text ends, expected '[' after highway");
  EXPECT_EQ(brief("[relu]"), "0: found '[', expected a layer");
  EXPECT_EQ(brief("Dense 4"), "0: 'Dense' is not a layer's name, expected 'dense'");
  EXPECT_EQ(brief("-3 x relu"),
            "0: '-3' is not a layer's name, expected lower-case letters, digits and '_'");
  EXPECT_EQ(brief("dense 4 bias="), "13: the text ends, expected a value after 'bias='");
  EXPECT_EQ(brief("dense = 4"), "6: '=' without a key before it, expected key=value");
  EXPECT_EQ(brief("dense bias=0 4"),
            "13: argument '4' after an option, expected it before 'bias='");
  EXPECT_EQ(brief("dense 4 a=1 a=2"), "12: option 'a' is given twice");
  EXPECT_EQ(brief("dense 4=1"),
            "6: '4' is not an option's name, expected lower-case letters, digits and '_'");
  EXPECT_EQ(brief("dense 4 \xE2\x86\x92 relu"),
            "8: unknown character '\xE2\x86\x92', expected a layer, '>' or ']'");
  EXPECT_EQ(brief("dense \xFF"), "6: unknown character '\\xff', expected a layer, '>' or ']'");
}

TEST(ParserTest, RefusesMoreLayersThanTheLimit) {
  EXPECT_EQ(brief("100000 x relu"), "no error");
  EXPECT_EQ(brief("100001 x relu"),
            "0: 100001 repeats make more layers than the limit of 100000, expected fewer");
  EXPECT_EQ(brief("relu > 100000 x relu"),
            "7: more layers than the limit of 100000, expected fewer");
  EXPECT_EQ(brief("50001 x res[relu]"),
            "0: 50001 repeats make more layers than the limit of 100000, expected fewer");
  EXPECT_EQ(brief("99999999999999999999 x relu"),
            "0: 99999999999999999999 repeats make more layers than the limit of 100000, expected "
            "fewer");
  EXPECT_EQ(brief("9223372036854775807 x [9 x relu]").substr(0, 3), "0: ");
  std::string nested = "relu";
  for (int i = 0; i < 60; ++i) nested = "1000 x [" + nested + "]";
  EXPECT_NE(error(nested).find("more layers than the limit"), std::string::npos);
}

TEST(ParserTest, RefusesDeepNesting) {
  const auto nest = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "res[";
    text += "relu";
    for (int i = 0; i < depth; ++i) text += "]";
    return text;
  };
  EXPECT_EQ(brief(nest(kMaxDepth)), "no error");
  EXPECT_NE(error(nest(kMaxDepth + 1)).find("more than 64 nested brackets"), std::string::npos);
  EXPECT_NE(error(nest(1000000)).find("more than 64 nested brackets"), std::string::npos);
}

TEST(ParserTest, AVeryLongTextIsRefusedByItsLayerCount) {
  std::string text = "relu";
  for (int i = 0; i < 200000; ++i) text += ">relu";
  EXPECT_NE(error(text).find("more layers than the limit"), std::string::npos);
}

TEST(ParserTest, DamagedTextsGiveSpecErrorsOnly) {
  const std::string_view valid[] = {
      "30 x [dense 128 > sigmoid] > dense 10",
      "conv 16 3x3 > bn > relu > 9 x res[conv 16 3x3 > bn > relu > conv 16 3x3 > bn] > relu > gap",
      "lstm 128 > last > dense 1 bias=false",
      "res proj scale=0.5 [dense 64 > 2 x [relu > dense 64]] > dropout 0.5"};
  constexpr std::string_view kMarks = "[]>=x09az_.-+& \n\t\xC3\xFF";
  const Rng rng(5, "mutations");
  int refused = 0;
  for (std::uint64_t round = 0; round < 10000; ++round) {
    const Rng draw = rng.child(round);
    std::string text(valid[draw.below(0, 4)]);
    const std::uint64_t edits = 1 + draw.below(1, 4);
    for (std::uint64_t i = 0; i < edits && !text.empty(); ++i) {
      const std::size_t at = draw.below(10 * i + 2, text.size());
      const char mark = kMarks[draw.below(10 * i + 3, kMarks.size())];
      switch (draw.below(10 * i + 4, 5)) {
        case 0: text[at] = mark; break;
        case 1: text.insert(at, 1, mark); break;
        case 2: text.erase(at, 1); break;
        case 3: text.resize(at); break;
        default: text += text.substr(at); break;
      }
    }
    try {
      const Spec spec = parse_spec(text);
      EXPECT_LE(expand(spec).size(), static_cast<std::size_t>(kMaxLayers));
      EXPECT_EQ(to_string(parse_spec(to_string(spec))), to_string(spec)) << text;
    } catch (const SpecError& error) {
      ++refused;
      const std::string said = error.what();
      EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 2) << said;
    }
  }
  EXPECT_GT(refused, 2000);
  EXPECT_LT(refused, 9900);
}

}  // namespace
}  // namespace plumb
