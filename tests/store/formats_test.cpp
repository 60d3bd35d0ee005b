// SPDX-License-Identifier: Apache-2.0
// The reader that docs/formats.md shows is a second one, written from the text alone.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <sstream>

#include "plumb/store/run_file.h"
#include "tests/store/run_fixture.h"

namespace plumb {
namespace {

std::string python_of_document() {
  const std::string text = read_file(std::string(PLUMB_TEST_DIR) + "/../docs/formats.md");
  const std::string fence = "```python\n";
  const std::size_t begin = text.find(fence) + fence.size();
  return text.substr(begin, text.find("```", begin) - begin);
}

TEST(FormatsTest, ThePythonReaderOfTheDocumentReadsWhatWasWritten) {
  if (std::system("python3 -c 'import sqlite3, zlib'") != 0) GTEST_SKIP() << "without Python";
  const ScratchFolder folder;
  plumb::Run run = plain_run(30, 210);
  for (StepRecord& step : run.steps) {
    for (std::size_t i = 0; i < step.sketches.size(); ++i) {  // noise, which is stored as it is
      step.sketches[i].sketch.m2 = std::abs(std::sin(static_cast<double>(i + 7 * step.step))) * 100;
      step.sketches[i].sketch.log2_scale = -3;
    }
  }
  write_run(folder / "a.plumb", run);
  write_file(folder / "read.py", python_of_document() + R"(
import sys
for step, deviation in deviations(sys.argv[1], 5, "grad_z"):
    print(step, repr(deviation))
keys, = sqlite3.connect(sys.argv[1]).execute("SELECT keys FROM layout WHERE kind = 'activations'").fetchone()
print(values(unpack(keys)[0], "i"))
)");
  const std::string command =
      "python3 " + folder / "read.py" + " " + folder / "a.plumb" + " > " + folder / "out 2>&1";
  ASSERT_EQ(std::system(command.c_str()), 0) << read_file(folder / "out");
  std::istringstream out(read_file(folder / "out"));
  for (const StepRecord& step : run.steps) {
    std::int64_t number = -1;
    double deviation = 0;
    out >> number >> deviation;
    const Sketch& sketch = *step.find(Site::layer(5, Role::grad_z));
    EXPECT_EQ(number, step.step);
    EXPECT_DOUBLE_EQ(deviation, std::sqrt(sketch.var()) / 8);
  }
  std::string rest;
  out >> rest;
  EXPECT_EQ(rest, "[1]");
}

}  // namespace
}  // namespace plumb
