// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "plumb/report/page_json-inl.h"

namespace plumb::page {

namespace {

// Entries as columns: their layers, and of each cause that occurs its part in every entry; what an
// entry adds is the sum of its parts.
Json entries_json(const std::vector<LedgerEntry>& entries) {
  Json layers = Json::array(), ways = Json::array();
  std::array<std::vector<double>, kCauses.size()> parts;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const LedgerEntry& entry = entries[i];
    layers.push_back(entry.layer);
    for (const LedgerPart& part : entry.parts) {
      std::vector<double>& column = parts[static_cast<std::size_t>(part.cause)];
      column.resize(entries.size(), 0.0);
      column[i] += part.log2;
    }
    for (const LedgerWay& way : entry.ways) {
      ways.push_back({{"entry", i},
                      {"way", to_string(way.way)},
                      {"main", way.main},
                      {"rms", log10_of(way.log2_rms)},
                      {"share", rounded(way.share)},
                      {"books", entries_json(way.entries)}});
    }
  }
  Json columns = Json::object();
  for (const Cause cause : kCauses) {
    Json column = Json::array();
    bool any = false;
    for (const double value : parts[static_cast<std::size_t>(cause)]) {
      column.push_back(value == 0 ? Json(0) : log10_of(value));
      any = any || value != 0;
    }
    if (any) columns[std::string(to_string(cause))] = std::move(column);
  }
  Json result{{"layers", std::move(layers)}, {"parts", std::move(columns)}};
  if (!ways.empty()) result["ways"] = std::move(ways);
  return result;
}

}  // namespace

Json ledger_json(const Ledger& ledger) {
  return {{"loss_gradient", log10_of(ledger.log2_loss_gradient)},
          {"total", log10_of(ledger.total)},
          {"ends_at", id_json(ledger.ends_at)},
          {"ends_because", end_text(ledger)},
          {"books", entries_json(ledger.entries)}};
}

}  // namespace plumb::page
