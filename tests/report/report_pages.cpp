// SPDX-License-Identifier: Apache-2.0
// report_pages FOLDER: writes the sample runs as report pages, for the test in a browser.
#include <array>
#include <exception>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include "plumb/report/html.h"
#include "tests/report/sample_runs.h"

namespace {

void write_named(std::span<const plumb::Run> runs, const std::vector<std::string>& names,
                 const std::string& path) {
  const plumb::Diagnoses diagnoses(runs);
  std::vector<plumb::DiagnosedRun> named(diagnoses.all().begin(), diagnoses.all().end());
  for (std::size_t i = 0; i < named.size(); ++i) named[i].file = names[i];
  plumb::write_html(named, path);
}

plumb::ReportProof sample_proof() {
  plumb::ReportProof proof;
  proof.ending = "cured";
  proof.text = "Cured.";
  proof.constant_score = 0.1;
  plumb::ProofArm untreated{"untreated", {}, 0.1, {{0.7, 0.65, 0.75, 0.0078}}},
      cured{"cured", {}, 0.8, {}};
  for (std::uint64_t seed = 1000; seed < 1008; ++seed) {
    proof.seeds.push_back(seed);
    untreated.scores.push_back(0.09 + 0.003 * static_cast<double>(seed - 1000));
    cured.scores.push_back(0.77 + 0.008 * static_cast<double>(seed - 1000));
  }
  untreated.scores[3] = std::nullopt;
  proof.arms = {untreated, cured};
  proof.changes = {
      {"network", "30 x [dense 64 > sigmoid] > dense 10", "30 x [dense 64 > tanh] > dense 10"},
      {"init", "pytorch", "glorot_normal"}};
  proof.command = "plumb train '30 x [dense 64 > tanh] > dense 10' --init glorot_normal";
  return proof;
}

}  // namespace

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
    const std::array<plumb::Run, 2> cure{test::sick_run(), test::healthy_run()};
    const plumb::Diagnoses before_and_after(cure);
    const plumb::ReportProof proof = sample_proof();
    plumb::write_html(before_and_after.all(), folder + "/proof.html", &proof);
    const std::array<plumb::Run, 3> three{test::sick_run(), test::healthy_run(), test::nasty_run()};
    write_named(three, {"sick.plumb", "healthy.plumb", "nasty.plumb"}, folder + "/compare.html");
    std::vector<plumb::Run> eight;
    std::vector<std::string> names;
    for (int i = 0; i < 8; ++i) {
      eight.push_back(i % 2 == 0 ? test::sick_run() : test::healthy_run());
      eight.back().info.settings = {{"lr", std::to_string(i)}};
      names.push_back("run-" + std::to_string(i) + ".plumb");
    }
    write_named(eight, names, folder + "/eight.html");
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
