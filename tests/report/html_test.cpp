// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/html.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "plumb/core/error.h"
#include "plumb/flow/ledger.h"
#include "plumb/report/page.h"
#include "plumb/report/report_json.h"
#include "tests/report/sample_runs.h"

namespace plumb {
namespace {

constexpr std::string_view kDataOpen = "<script type=\"application/json\" id=\"plumb-data\">";

std::string data_of(const std::string& page) {
  const std::size_t from = page.find(kDataOpen) + kDataOpen.size();
  return page.substr(from, page.find("</script>", from) - from);
}

TEST(HtmlTest, EscapedJsonMeansTheSameAndCannotCloseTheElement) {
  const std::string json = R"({"a":"</script><!-- <b>"})";
  const std::string escaped = escape_for_script(json);
  EXPECT_EQ(escaped.find('<'), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(escaped), nlohmann::json::parse(json));
}

TEST(HtmlTest, HostileLabelsStayInsideTheData) {
  const plumb::Run run = test::nasty_run();
  const std::string page = render_html(run);
  const std::string data = data_of(page);
  const auto count = [](const std::string& text) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find("window.broken", at)) != std::string::npos; ++at)
      ++found;
    return found;
  };
  EXPECT_GT(count(data), 0u);
  EXPECT_EQ(count(page), count(data));
  const auto json = nlohmann::json::parse(data_of(page));
  EXPECT_EQ(json["runs"][0]["label"], run.info.network);
}

TEST(HtmlTest, EmbedsTheWholeReport) {
  const std::array<plumb::Run, 2> runs{test::sick_run(), test::healthy_run()};
  const auto json = nlohmann::json::parse(data_of(render_html(runs)));
  EXPECT_EQ(json, nlohmann::json::parse(report_json(runs)));
  EXPECT_EQ(json["runs"].size(), 2u);
}

// The page draws each cause in a colour of its own and says what it is.
TEST(HtmlTest, KnowsEveryCauseOfTheLedger) {
  const std::string page(report_page());
  for (const Cause cause : kCauses) {
    const std::string name(to_string(cause));
    EXPECT_NE(page.find(name), std::string::npos) << name;
    std::string variable = "--cause-" + name + ":";
    std::replace(variable.begin(), variable.end(), '_', '-');
    EXPECT_NE(page.find(variable), std::string::npos) << variable;
  }
}

TEST(HtmlTest, LoadsNothing) {
  const std::string page = report_page();
  // Names of XML namespaces look like addresses and load nothing; anything that loads has a tag or
  // a call.
  const std::size_t script = page.find("<script type=\"module\">");
  ASSERT_NE(script, std::string::npos);
  std::string markup = page;
  for (std::size_t at = 0;
       (at = markup.find("<script type=\"module\">", at)) != std::string::npos;) {
    const std::size_t end = markup.find("</script>", at);
    const std::string code = markup.substr(at, end - at);
    EXPECT_EQ(code.find("import("), std::string::npos);
    EXPECT_EQ(code.find("fetch("), std::string::npos);
    EXPECT_EQ(code.find("XMLHttpRequest"), std::string::npos);
    markup.erase(at, end - at);
  }
  for (const char* loader : {" src=", "<iframe", "@import", "url(http", "http://", "https://"}) {
    EXPECT_EQ(markup.find(loader), std::string::npos) << loader;
  }
  std::size_t links = 0;
  for (std::size_t at = 0; (at = markup.find("<link", at)) != std::string::npos; ++at) ++links;
  EXPECT_EQ(links, 1u);  // the empty icon, so that no browser asks for one
  EXPECT_NE(markup.find("href=\"data:,\""), std::string::npos);
}

TEST(HtmlTest, AnUnwritablePathIsAStoreError) {
  EXPECT_THROW(write_html(test::probe_run(), "no/such/folder/report.html"), StoreError);
}

}  // namespace
}  // namespace plumb
