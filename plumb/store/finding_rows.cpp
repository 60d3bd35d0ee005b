// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/finding_rows.h"

#include <string>
#include <tuple>

#include "plumb/store/graph_check.h"
#include "plumb/store/rows.h"

namespace plumb::store {

namespace {

// A finding has three lists of facts, told apart by the column `part`.
constexpr std::string_view kEvidence = "evidence";
constexpr std::string_view kFurther = "fact";
constexpr std::string_view kOfCause = "cause";

std::optional<std::string> role_name(const Place& place) {
  if (!place.role) return std::nullopt;
  return std::string(to_string(*place.role));
}

Place read_place(const Statement& row, int column) {
  Place place;
  place.of = enumerator(row, column, parse_place_of);
  place.id = row.small_integer(column + 1);
  if (!row.is_null(column + 2)) place.role = enumerator(row, column + 2, parse_role);
  place.reverse = row.flag(column + 3);
  return place;
}

class FindingInserter {
 public:
  explicit FindingInserter(const Database& database)
      : finding_(database, "INSERT INTO finding VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"),
        fact_(database, "INSERT INTO fact VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)"),
        remedy_(database, "INSERT INTO remedy VALUES(?,?,?,?,?,?,?,?)"),
        argument_(database, "INSERT INTO remedy_argument VALUES(?,?,?,?,?)") {}

  void insert(int number, const Finding& finding) {
    const Place& at = finding.place;
    const FindingCause& cause = finding.cause;
    finding_.run(number, finding.id, finding.rule, to_string(finding.severity), to_string(at.of),
                 at.id, role_name(at), at.reverse, finding.first_step, finding.last_step,
                 finding.over, to_string(cause.kind), to_string(cause.place.of), cause.place.id,
                 role_name(cause.place), cause.place.reverse, cause.share, finding.explained_by,
                 finding.did_harm);
    int idx = 0;
    for (const Evidence& one : finding.evidence) {
      insert_fact(number, kEvidence, idx++, one.fact, one.threshold);
    }
    idx = 0;
    for (const Fact& one : finding.facts) insert_fact(number, kFurther, idx++, one, 0);
    idx = 0;
    for (const Fact& one : cause.facts) insert_fact(number, kOfCause, idx++, one, 0);
    idx = 0;
    for (const Remedy& one : finding.remedies) insert_remedy(number, idx++, one);
  }

 private:
  void insert_fact(int finding, std::string_view part, int idx, const Fact& fact,
                   double threshold) {
    fact_.run(finding, part, idx, to_string(fact.quantity), fact.value, threshold,
              to_string(fact.place.of), fact.place.id, role_name(fact.place), fact.place.reverse,
              to_string(fact.reference.of), fact.reference.id, role_name(fact.reference),
              fact.reference.reverse);
  }

  void insert_remedy(int finding, int number, const Remedy& remedy) {
    const Place& at = remedy.target;
    remedy_.run(finding, number, to_string(remedy.kind), to_string(at.of), at.id, role_name(at),
                at.reverse, remedy.predicted_log2_reach);
    int idx = 0;
    for (const auto& [name, value] : remedy.arguments) {
      if (const auto* text = std::get_if<std::string>(&value)) {
        argument_.run(finding, number, idx++, name, *text);
      } else {
        argument_.run(finding, number, idx++, name, std::get<double>(value));
      }
    }
  }

  Statement finding_, fact_, remedy_, argument_;
};

void read_facts(const Database& database, std::vector<Finding>& findings) {
  Statement row(database,
                "SELECT finding, part, idx, quantity, value, threshold, place, place_id, "
                "place_role, place_reverse, reference, reference_id, reference_role, "
                "reference_reverse FROM fact ORDER BY finding, part, idx");
  while (row.next()) {
    const std::uint64_t number = row.count(0);
    if (number >= findings.size()) row.damaged("a fact of an unknown finding");
    Finding& finding = findings[number];
    const Fact fact{enumerator(row, 3, parse_quantity), row.real(4), read_place(row, 6),
                    read_place(row, 10)};
    const std::string part = row.text(1);
    std::size_t place = 0;  // among those of its part
    if (part == kEvidence) {
      place = finding.evidence.size();
      finding.evidence.push_back({fact, row.real(5)});
    } else if (part == kFurther) {
      place = finding.facts.size();
      finding.facts.push_back(fact);
    } else if (part == kOfCause) {
      place = finding.cause.facts.size();
      finding.cause.facts.push_back(fact);
    } else {
      row.damaged("unknown name \"" + part + "\"");
    }
    if (row.count(2) != place) row.damaged("facts are out of order");
  }
}

void read_remedies(const Database& database, std::vector<Finding>& findings) {
  read_parts(database,
             "SELECT finding, idx, kind, place, place_id, place_role, place_reverse, "
             "predicted_log2_reach FROM remedy ORDER BY finding, idx",
             findings, [](const Statement& row, Finding& finding) {
               finding.remedies.push_back({.kind = enumerator(row, 2, parse_remedy_kind),
                                           .target = read_place(row, 3),
                                           .arguments = {},
                                           .predicted_log2_reach = row.optional_real(7)});
             });
  Statement row(database,
                "SELECT finding, remedy, idx, name, value FROM remedy_argument "
                "ORDER BY finding, remedy, idx");
  while (row.next()) {
    const std::uint64_t finding = row.count(0), remedy = row.count(1);
    if (finding >= findings.size() || remedy >= findings[finding].remedies.size() ||
        row.count(2) != findings[finding].remedies[remedy].arguments.size()) {
      row.damaged("arguments of remedies are out of order");
    }
    Remedy::Argument argument{row.text(3), 0.0};
    if (row.holds_text(4)) {
      argument.second = row.text(4);
    } else {
      argument.second = row.real(4);
    }
    findings[finding].remedies[remedy].arguments.push_back(std::move(argument));
  }
}

}  // namespace

void replace_findings(Database& database, std::span<const Finding> findings) {
  database.execute(
      "DELETE FROM diagnosis; DELETE FROM finding; DELETE FROM fact; DELETE FROM remedy; "
      "DELETE FROM remedy_argument");
  Statement(database, "INSERT INTO diagnosis VALUES(?)").run(std::int64_t(findings.size()));
  FindingInserter inserter(database);
  int number = 0;
  for (const Finding& finding : findings) inserter.insert(number++, finding);
}

std::optional<std::vector<Finding>> read_findings(const Database& database, const RunInfo& info) {
  Statement diagnosis(database, "SELECT findings FROM diagnosis");
  if (!diagnosis.next()) return std::nullopt;
  std::vector<Finding> findings;
  read_list(database,
            "SELECT idx, id, rule, severity, place, place_id, place_role, place_reverse, "
            "first_step, last_step, over, cause, cause_place, cause_id, cause_role, "
            "cause_reverse, cause_share, explained_by, did_harm FROM finding ORDER BY idx",
            [&](const Statement& row) {
              Finding& finding = findings.emplace_back();
              finding.id = row.small_integer(1);
              finding.rule = row.text(2);
              finding.severity = enumerator(row, 3, parse_severity);
              finding.place = read_place(row, 4);
              finding.first_step = row.integer(8);
              finding.last_step = row.integer(9);
              finding.over = row.flag(10);
              finding.cause.kind = enumerator(row, 11, parse_cause_kind);
              finding.cause.place = read_place(row, 12);
              finding.cause.share = row.real(16);
              if (!row.is_null(17)) finding.explained_by = row.small_integer(17);
              finding.did_harm = row.optional_flag(18);
            });
  if (diagnosis.count(0) != findings.size()) diagnosis.damaged("findings are missing");
  read_facts(database, findings);
  read_remedies(database, findings);
  const std::string problem = check_findings(info, findings);
  if (!problem.empty()) diagnosis.damaged(problem);
  return findings;
}

}  // namespace plumb::store
