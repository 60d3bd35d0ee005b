// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/read_run.h"

#include <fmt/format.h>

#include <cstdio>

namespace plumb::cli {

void read_into(RunKeeper& keeper, RunReader& reader) {
  keeper.begin(reader.info());
  std::size_t layers = reader.info().layers.size(), params = reader.info().params.size();
  for (StepRecord step; reader.next(step);) {
    const RunInfo& info = reader.info();
    if (info.layers.size() != layers || info.params.size() != params) {
      layers = info.layers.size();
      params = info.params.size();
      keeper.grow(info);
    }
    keeper.add(step);
  }
  if (const auto end = reader.end()) keeper.end(*end);
}

void tell_of_missing_log(RunReader& reader, const std::string& path) {
  if (const auto log = reader.missing_log()) {
    fmt::print(stderr,
               "{}: was not closed, and its log {} is missing: the steps that stand there are not "
               "shown; copy both files\n",
               path, *log);
  }
}

}  // namespace plumb::cli
