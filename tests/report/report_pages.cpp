// SPDX-License-Identifier: Apache-2.0
// report_pages FOLDER: writes the sample runs as report pages, for the test in a browser.
#include <array>
#include <exception>
#include <iostream>
#include <string>

#include "plumb/report/html.h"
#include "tests/report/sample_runs.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: report_pages FOLDER\n";
    return 2;
  }
  try {
    const std::string folder = argv[1];
    namespace test = plumb::test;
    plumb::write_html(test::sick_run(), folder + "/sick.html");
    plumb::write_html(test::healthy_run(), folder + "/healthy.html");
    plumb::write_html(test::probe_run(), folder + "/probe.html");
    plumb::write_html(test::deep_run(), folder + "/deep.html");
    plumb::write_html(test::nasty_run(), folder + "/nasty.html");
    plumb::write_html(test::time_run(), folder + "/time.html");
    const std::array<plumb::Run, 2> both{test::sick_run(), test::healthy_run()};
    plumb::write_html(both, folder + "/compare.html");
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
