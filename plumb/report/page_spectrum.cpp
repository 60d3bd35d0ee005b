// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>

#include "plumb/report/page_json-inl.h"

namespace plumb::page {

namespace {

constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr double kMostDigit = 63;

// The root of the share, so that a thousandth is still told from nothing; what is there is never A.
char share_digit(double share) {
  if (share <= 0) return kDigits.front();
  const double digit = std::clamp(std::round(std::sqrt(share) * kMostDigit), 1.0, kMostDigit);
  return kDigits[static_cast<std::size_t>(digit)];
}

std::string bins_text(const Sketch& sketch) {
  const Histogram::Range touched = sketch.histogram.touched();
  const double total = static_cast<double>(sketch.histogram.total());
  std::string text;
  for (std::size_t bin = touched.begin; bin < touched.end; ++bin) {
    text += share_digit(static_cast<double>(sketch.histogram[bin]) / total);
  }
  return text;
}

// Of the values that are there and not zero.
double lost_fraction(const Sketch& sketch, NumberFormat format) {
  const FormatLoss& loss = sketch.loss(format);
  const double total = static_cast<double>(sketch.finite_count() - sketch.zero_count);
  return total > 0 ? static_cast<double>(loss.flushed + loss.overflowed) / total : 0;
}

using Sketches = std::vector<const Sketch*>;

Json role_json(const Sketches& sketches) {
  Json low = Json::array(), bins = Json::array();
  const auto column = [&](auto value) {
    Json values = Json::array();
    bool any = false;
    for (const Sketch* sketch : sketches) {
      const double one = sketch == nullptr ? 0 : value(*sketch);
      values.push_back(std::round(one * 1e3) / 1e3);
      any = any || one > 0;
    }
    return any ? std::optional<Json>(std::move(values)) : std::nullopt;
  };
  for (const Sketch* sketch : sketches) {
    if (sketch == nullptr || sketch->histogram.total() == 0) {
      low.push_back(nullptr);
      bins.push_back("");
      continue;
    }
    low.push_back(static_cast<std::int64_t>(sketch->histogram.touched().begin) +
                  Sketch::kMinExponent +
                  static_cast<std::int64_t>(std::llround(sketch->log2_scale)));
    bins.push_back(bins_text(*sketch));
  }
  Json result{{"low", std::move(low)}, {"bins", std::move(bins)}};
  if (auto zero = column([](const Sketch& s) { return s.zero_fraction(); })) {
    result["zero"] = std::move(*zero);
  }
  Json lost = Json::object();
  for (std::size_t i = 0; i < kNumberFormatCount; ++i) {
    const auto format = static_cast<NumberFormat>(i);
    if (auto values = column([&](const Sketch& s) { return lost_fraction(s, format); })) {
      lost[to_string(format)] = std::move(*values);
    }
  }
  if (!lost.empty()) result["lost"] = std::move(lost);
  return result;
}

bool has_histograms(const Sketches& sketches) {
  return std::any_of(sketches.begin(), sketches.end(), [](const Sketch* sketch) {
    return sketch != nullptr && sketch->histogram.total() > 0;
  });
}

}  // namespace

Json spectrum_json(const LayerGraph& graph, const StepRecord& step) {
  const StepIndex index(graph.info(), step);
  const std::vector<LayerLine> lines = split_lines(make_layer_lines(graph, index)).chain;
  Json roles = Json::object();
  for (const Role role : {Role::grad_z, Role::grad_weight, Role::z, Role::a, Role::weight}) {
    Sketches sketches;
    for (const LayerLine& line : lines) {
      const LayerId layer = role == Role::a ? line.activation : line.flow.layer;
      sketches.push_back(layer == kNoLayer ? nullptr : index.find(layer, role));
    }
    if (has_histograms(sketches)) roles[std::string(to_string(role))] = role_json(sketches);
  }
  if (roles.empty()) return nullptr;
  return {{"step", step.step}, {"roles", std::move(roles)}};
}

}  // namespace plumb::page
