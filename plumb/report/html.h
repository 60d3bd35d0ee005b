// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "plumb/report/report_json.h"

namespace plumb {

/// The report as one self-contained HTML page: script, style and data inside, nothing loaded from
/// anywhere, so it opens from a file without a network. With two runs the page sets them side by
/// side on the same axes. docs/report.md explains every chart. The page itself is built from web/.
/// `proof`, where there is one, is that of the cure to which the runs belong, and comes first.
std::string render_html(std::span<const DiagnosedRun> runs, const ReportProof* proof = nullptr);
std::string render_html(std::span<const Run> runs);
std::string render_html(const Run& run);

/// Writes the page to a file, replacing an existing one.
/// Errors  StoreError when the file cannot be written.
void write_html(std::span<const DiagnosedRun> runs, const std::string& path,
                const ReportProof* proof = nullptr);
void write_html(std::span<const Run> runs, const std::string& path);
void write_html(const Run& run, const std::string& path);

/// JSON made safe to stand inside <script type="application/json">: every '<' becomes \u003c, which
/// means the same to a JSON parser, so that no label can close the element or open a comment.
std::string escape_for_script(std::string_view json);

}  // namespace plumb
