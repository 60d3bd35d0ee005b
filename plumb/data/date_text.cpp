// SPDX-License-Identifier: Apache-2.0
#include "plumb/data/date_text.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>

namespace plumb {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }

/// Takes pieces from the front of a text; what is not there is not taken.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }

  /// `least` to `most` digits and no digit behind; how many, 0 for none.
  std::size_t digits(std::size_t least, std::size_t most) {
    std::size_t count = 0;
    while (count < rest_.size() && is_digit(rest_[count])) ++count;
    if (count < least || count > most) return 0;
    rest_.remove_prefix(count);
    return count;
  }

  /// One of these signs; '\0' for none.
  char sign(std::string_view signs) {
    if (rest_.empty() || signs.find(rest_[0]) == signs.npos) return '\0';
    const char found = rest_[0];
    rest_.remove_prefix(1);
    return found;
  }

  bool signs(std::string_view any) {
    const bool found = sign(any) != '\0';
    while (sign(any) != '\0') {
    }
    return found;
  }

  /// The name of a month in English, whole or cut to three letters and more.
  bool month() {
    constexpr std::array<std::string_view, 12> kMonths{
        "january", "february", "march",     "april",   "may",      "june",
        "july",    "august",   "september", "october", "november", "december"};
    std::string word;
    while (word.size() < rest_.size() && is_letter(rest_[word.size()])) {
      word += lower(rest_[word.size()]);
    }
    const bool known = word.size() >= 3 && std::ranges::any_of(kMonths, [&](auto name) {
                         return name.starts_with(word);
                       });
    if (!known) return false;
    rest_.remove_prefix(word.size());
    sign(".");
    return true;
  }

 private:
  std::string_view rest_;
};

/// 2024-01-31, 2024-01, 31.1.2024, 1/31/24.
bool numeric_day(Scanner& text) {
  const std::size_t first = text.digits(1, 4);
  const char separator = text.sign("-/.");
  if (first == 0 || first == 3 || separator == '\0' || text.digits(1, 2) == 0) return false;
  const bool has_third = text.sign(std::string_view(&separator, 1)) != '\0';
  if (first == 4) return !has_third || text.digits(1, 2) > 0;
  return has_third && (text.digits(4, 4) > 0 || text.digits(2, 2) > 0);
}

bool quarter(Scanner& text) {
  if (text.digits(4, 4) == 0) return false;
  text.sign(" -");
  return text.sign("Qq") != '\0' && text.sign("1234") != '\0';
}

/// Jan 31 2024, Jan 2024, 31 January 2024, Jan-1-1995.
bool day_in_words(Scanner& text) {
  constexpr std::string_view kBetween = " ,./-";
  if (text.digits(1, 4) > 0 && !text.signs(kBetween)) return false;
  if (!text.month() || !text.signs(kBetween) || text.digits(1, 4) == 0) return false;
  Scanner ahead = text;
  if (ahead.signs(kBetween) && ahead.digits(1, 4) > 0) text = ahead;
  return true;
}

bool time_of_day(Scanner& text) {
  if (text.digits(1, 2) == 0 || text.sign(":") == '\0' || text.digits(2, 2) == 0) return false;
  if (text.sign(":") != '\0') {
    if (text.digits(2, 2) == 0) return false;
    if (text.sign(".,") != '\0' && text.digits(1, 9) == 0) return false;
  }
  text.sign(" ");
  if (text.sign("AaPp") != '\0' && text.sign("Mm") == '\0') return false;
  if (text.sign("Z") != '\0' || text.sign("+-") == '\0') return true;
  if (text.digits(4, 4) > 0) return true;
  return text.digits(2, 2) > 0 && text.sign(":") != '\0' && text.digits(2, 2) > 0;
}

/// Whether `day` takes a date from the front, and what follows is nothing or a time.
bool is_day_and_time(std::string_view cell, bool (*day)(Scanner& text)) {
  Scanner text(cell);
  if (!day(text)) return false;
  if (text.at_end()) return true;
  if (text.sign("T ,") == '\0') return false;
  text.sign(" ");
  return time_of_day(text) && text.at_end();
}

}  // namespace

bool is_date(std::string_view cell) {
  if (cell.empty() || !(is_digit(cell[0]) || is_letter(cell[0]))) return false;
  Scanner time(cell);
  if (time_of_day(time) && time.at_end()) return true;
  return is_day_and_time(cell, numeric_day) || is_day_and_time(cell, quarter) ||
         is_day_and_time(cell, day_in_words);
}

}  // namespace plumb
