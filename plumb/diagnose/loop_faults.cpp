// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/loop_faults.h"

#include <algorithm>

namespace plumb {

namespace {

constexpr std::string_view kNoFault = "-";

std::vector<std::string> lines_of(const RunInfo& info, std::string_view name) {
  std::vector<std::string> lines;
  for (const auto& [key, value] : info.settings) {
    if (key != name) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      lines.emplace_back(rest.substr(0, end));
      rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    }
  }
  return lines;
}

}  // namespace

std::vector<std::string> loop_sentences(const RunInfo& info) { return lines_of(info, "loop"); }

std::vector<LoopFault> loop_faults(const RunInfo& info) {
  const std::vector<std::string> kinds = lines_of(info, "loop_faults");
  const std::vector<std::string> sentences = loop_sentences(info);
  std::vector<LoopFault> faults;
  for (std::size_t i = 0; i < std::min(kinds.size(), sentences.size()); ++i) {
    if (kinds[i] != kNoFault) faults.push_back({kinds[i], sentences[i]});
  }
  return faults;
}

bool has_loop_fault(const RunInfo& info, std::string_view kind) {
  const std::vector<LoopFault> faults = loop_faults(info);
  return std::any_of(faults.begin(), faults.end(),
                     [&](const LoopFault& one) { return one.kind == kind; });
}

}  // namespace plumb
