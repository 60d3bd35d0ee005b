// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/result.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "plumb/report/number_text.h"

namespace plumb::lab {

bool Result::agrees() const {
  return !checks.empty() && std::ranges::all_of(checks, [](const Check& c) { return c.ok; });
}

void Result::near(int claim, std::string what, double measured, double expected, double relative,
                  std::string source) {
  const double tolerance = relative * (expected == 0 ? 1 : std::abs(expected));
  add({claim, std::move(what), measured, Relation::near, expected, tolerance, std::move(source)});
}

void Result::within(int claim, std::string what, double measured, double expected, double tolerance,
                    std::string source) {
  add({claim, std::move(what), measured, Relation::near, expected, tolerance, std::move(source)});
}

void Result::near_log2(int claim, std::string what, double measured_log2, double expected_log2,
                       double tolerance, std::string source) {
  add({claim, std::move(what), measured_log2 * kLog10Of2, Relation::near, expected_log2 * kLog10Of2,
       tolerance, std::move(source), true});
}

void Result::at_most(int claim, std::string what, double measured, double limit,
                     std::string source) {
  add({claim, std::move(what), measured, Relation::at_most, limit, 0, std::move(source)});
}

void Result::at_least(int claim, std::string what, double measured, double limit,
                      std::string source) {
  add({claim, std::move(what), measured, Relation::at_least, limit, 0, std::move(source)});
}

void Result::add(Check check) {
  // Written so that a NaN fails.
  switch (check.relation) {
    case Relation::near:
      check.ok = std::abs(check.measured - check.expected) <= check.tolerance;
      break;
    case Relation::at_most: check.ok = check.measured <= check.expected; break;
    case Relation::at_least: check.ok = check.measured >= check.expected; break;
  }
  checks.push_back(std::move(check));
}

std::string number(double x, int digits) {
  if (std::isnan(x)) return "NaN";
  if (x == 0) return "0";
  return fmt::format("{:.{}g}", x, digits);
}

std::vector<double> count_up(std::size_t n) {
  std::vector<double> x(n);
  std::iota(x.begin(), x.end(), 1.0);
  return x;
}

}  // namespace plumb::lab
