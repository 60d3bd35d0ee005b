// SPDX-License-Identifier: Apache-2.0
#include "plumb/stats/sketch.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace plumb {
namespace {

/// x * 2^log2, rounded once where log2 is whole.
double times_power(double x, double log2) {
  constexpr double kMost = 1e5;  // far beyond any double
  const double bounded = std::clamp(log2, -kMost, kMost), whole = std::nearbyint(bounded);
  return std::ldexp(x * std::exp2(bounded - whole), static_cast<int>(whole));
}

/// The same true values, stored as values * 2^-(log2_scale - s.log2_scale).
Sketch rescaled(const Sketch& s, double log2_scale) {
  const double shift = s.log2_scale - log2_scale;
  Sketch out = s;
  out.log2_scale = log2_scale;
  out.mean = times_power(s.mean, shift);
  out.m2 = times_power(s.m2, 2 * shift);
  out.abs_max = times_power(s.abs_max, shift);
  out.histogram.assign(0, {});
  const int bins = static_cast<int>(std::nearbyint(std::max(shift, -1.0 * Sketch::kBins)));
  const Histogram::Range touched = s.histogram.touched();
  for (std::size_t k = touched.begin; k < touched.end; ++k) {
    const int bin = std::clamp(static_cast<int>(k) + bins, 0, Sketch::kBins - 1);
    out.histogram[static_cast<std::size_t>(bin)] += s.histogram[k];
  }
  return out;
}

double fraction(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

const char* to_string(NumberFormat format) {
  switch (format) {
    case NumberFormat::fp16: return "fp16";
    case NumberFormat::bf16: return "bf16";
    case NumberFormat::fp8_e4m3: return "fp8_e4m3";
    case NumberFormat::fp8_e5m2: return "fp8_e5m2";
  }
  return "unknown";
}

double Sketch::var() const {
  return finite_count() == 0 ? 0.0 : m2 / static_cast<double>(finite_count());
}

double Sketch::rms() const { return std::hypot(mean, std::sqrt(var())); }

double Sketch::zero_fraction() const { return fraction(zero_count, count); }

double Sketch::nonfinite_fraction() const { return fraction(nonfinite_count, count); }

double Sketch::true_log2_rms() const { return std::log2(rms()) + log2_scale; }

double Sketch::true_log2_abs_max() const { return std::log2(abs_max) + log2_scale; }

double Sketch::true_log2_median() const {
  const std::uint64_t total = histogram.total();
  if (total == 0) return std::numeric_limits<double>::quiet_NaN();
  const double half = static_cast<double>(total) / 2;
  double below = 0;
  std::size_t k = histogram.touched().begin;
  while (below + static_cast<double>(histogram[k]) < half) {
    below += static_cast<double>(histogram[k]);
    ++k;
  }
  const double within_octave = (half - below) / static_cast<double>(histogram[k]);
  return kMinExponent + static_cast<int>(k) + within_octave + log2_scale;
}

void Sketch::merge(const Sketch& other) {
  if (other.count == 0) return;
  if (count == 0) {
    *this = other;
    return;
  }
  if (log2_scale != other.log2_scale) {
    const double scale = std::max(log2_scale, other.log2_scale);
    *this = rescaled(*this, scale);
    if (other.log2_scale != scale) {
      merge(rescaled(other, scale));
      return;
    }
  }
  const auto n_a = static_cast<double>(finite_count());
  const auto n_b = static_cast<double>(other.finite_count());
  if (n_b > 0) {
    const double delta = other.mean - mean;
    mean += delta * (n_b / (n_a + n_b));
    m2 += other.m2 + delta * delta * (n_a * n_b / (n_a + n_b));
  }
  count += other.count;
  nonfinite_count += other.nonfinite_count;
  zero_count += other.zero_count;
  abs_max = std::max(abs_max, other.abs_max);
  histogram.add(other.histogram);
  for (std::size_t f = 0; f < format_loss.size(); ++f) {
    format_loss[f].flushed += other.format_loss[f].flushed;
    format_loss[f].subnormal += other.format_loss[f].subnormal;
    format_loss[f].overflowed += other.format_loss[f].overflowed;
  }
}

}  // namespace plumb
