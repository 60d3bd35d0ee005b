// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "plumb/nn/spec/spec.h"
#include "tests/nn/spec/spec_error.h"

namespace plumb {
namespace {

using Kind = SpecItem::Kind;

bool same(const std::vector<SpecItem>& a, const std::vector<SpecItem>& b);

bool same(const SpecItem& a, const SpecItem& b) {
  const auto same_word = [](const SpecWord& x, const SpecWord& y) { return x.text == y.text; };
  const auto same_option = [&](const SpecOption& x, const SpecOption& y) {
    return same_word(x.key, y.key) && same_word(x.value, y.value);
  };
  return a.kind == b.kind && a.name.text == b.name.text && a.count == b.count &&
         std::equal(a.arguments.begin(), a.arguments.end(), b.arguments.begin(), b.arguments.end(),
                    same_word) &&
         std::equal(a.options.begin(), a.options.end(), b.options.begin(), b.options.end(),
                    same_option) &&
         same(a.children, b.children);
}

bool same(const std::vector<SpecItem>& a, const std::vector<SpecItem>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const SpecItem& x, const SpecItem& y) { return same(x, y); });
}

std::string word(const std::string& first, const std::string& rest) {
  const int length = *rc::gen::inRange(0, 5);
  std::string text{*rc::gen::elementOf(first)};
  for (int i = 0; i < length; ++i) text += *rc::gen::elementOf(rest);
  return text;
}

SpecItem random_item(int depth, bool allow_repeat = true) {
  SpecItem item;
  const int kind = depth == 0 ? 0 : *rc::gen::inRange(0, 3);
  const auto body = [&](SpecItem& parent) {
    const int length = *rc::gen::inRange(1, 4);
    for (int i = 0; i < length; ++i) parent.children.push_back(random_item(depth - 1));
  };
  if (kind == 2 && allow_repeat) {
    item.kind = Kind::repeat;
    item.count = *rc::gen::inRange<std::int64_t>(1, 5);
    item.name.text = std::to_string(item.count);
    body(item);
    return item;
  }
  item.kind = kind == 1 ? Kind::residual : Kind::layer;
  item.name.text = kind == 1 ? "res" : "l" + word("abxz_", "abx019_");
  if (kind == 1) body(item);
  const int arguments = kind == 1 ? 0 : *rc::gen::inRange(0, 3);
  for (int i = 0; i < arguments; ++i) item.arguments.push_back({word("0a-X.", "0a-+.x_Z"), 0});
  const int options = *rc::gen::inRange(0, 3);
  for (int i = 0; i < options; ++i) {
    const std::string key = word("abx_", "ab0_") + std::to_string(i);
    const bool flag = kind == 1 && *rc::gen::arbitrary<bool>();
    item.options.push_back({{key, 0}, {flag ? "" : word("0a-X.", "0a-+.x_Z"), 0}});
  }
  return item;
}

RC_GTEST_PROP(TreeTest, ParsingTheNormalFormGivesTheTreeBack, ()) {
  Spec spec;
  const int length = *rc::gen::inRange(1, 4);
  for (int i = 0; i < length; ++i) spec.items.push_back(random_item(3));
  const std::string text = to_string(spec);
  const Spec parsed = parse_spec(text);
  RC_ASSERT(same(parsed.items, spec.items));
  RC_ASSERT(to_string(parsed) == text);
}

TEST(TreeTest, NormalFormOfEveryConstruct) {
  EXPECT_EQ(to_string(parse_spec("3x[relu]>2x[3x[relu]]>04x[relu>tanh]")),
            "3 x relu > 2 x [3 x relu] > 4 x [relu > tanh]");
  EXPECT_EQ(to_string(parse_spec("res   proj scale = 1 [ relu ]")), "res proj scale=1[relu]");
  EXPECT_EQ(to_string(parse_spec("conv  16 3x3  bias=false")), "conv 16 3x3 bias=false");
}

TEST(TreeTest, ExpandWritesEveryRepeatOut) {
  Spec spec;
  spec.items = expand(parse_spec("2 x [dense 4 > 2 x relu] > res[2 x [3 x tanh]] > gap"));
  EXPECT_EQ(to_string(spec),
            "dense 4 > relu > relu > dense 4 > relu > relu > "
            "res[tanh > tanh > tanh > tanh > tanh > tanh] > gap");
}

TEST(TreeTest, ExpandKeepsTheColumnsOfTheSource) {
  const auto items = expand(parse_spec("relu > 3 x tanh"));
  ASSERT_EQ(items.size(), 4u);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_EQ(items[i].name.column, 11u);
}

TEST(TreeTest, ExpandRefusesARewrittenTreeThatGrewTooLarge) {
  Spec spec = parse_spec("7 x relu");
  spec.items[0].count = kMaxLayers;
  EXPECT_EQ(expand(spec).size(), static_cast<std::size_t>(kMaxLayers));
  spec.items[0].count = kMaxLayers + 1;
  EXPECT_EQ(spec_error([&] { expand(spec); }),
            "network: more layers than the limit of 100000, expected fewer\n  7 x relu\n  ^");
}

}  // namespace
}  // namespace plumb
