// SPDX-License-Identifier: Apache-2.0
#include "plumb/report/html.h"

#include "plumb/core/error.h"
#include "plumb/core/output_file.h"
#include "plumb/report/page.h"
#include "plumb/report/report_json.h"

namespace plumb {

namespace {

constexpr std::string_view kPlaceholder = "PLUMB_REPORT_DATA";

}  // namespace

std::string escape_for_script(std::string_view json) {
  std::string escaped;
  escaped.reserve(json.size());
  for (const char c : json) {
    if (c == '<') {
      escaped += "\\u003c";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string render_html(std::span<const DiagnosedRun> runs, const ReportProof* proof) {
  std::string page = report_page();
  const std::size_t at = page.find(kPlaceholder);
  PLUMB_CHECK(at != std::string::npos);
  page.replace(at, kPlaceholder.size(), escape_for_script(report_json(runs, {}, proof)));
  return page;
}

std::string render_html(std::span<const Run> runs) { return render_html(Diagnoses(runs).all()); }

std::string render_html(const Run& run) { return render_html(std::span(&run, 1)); }

void write_html(std::span<const DiagnosedRun> runs, const std::string& path,
                const ReportProof* proof) {
  const std::string page = render_html(runs, proof);
  if (const auto problem = write_output(path, [&](std::ostream& out) { out << page; })) {
    throw StoreError(path + ": the report cannot be written: " + *problem +
                     ", expected a writable file");
  }
}

void write_html(std::span<const Run> runs, const std::string& path) {
  write_html(Diagnoses(runs).all(), path);
}

void write_html(const Run& run, const std::string& path) { write_html(std::span(&run, 1), path); }

}  // namespace plumb
