// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/lab_page.h"

#include "plumb/core/error.h"
#include "plumb/core/output_file.h"
#include "plumb/report/html.h"
#include "plumb/report/page.h"

namespace plumb::lab {

std::string render_page(std::span<const Finished> finished) {
  constexpr std::string_view kPlaceholder = "PLUMB_LAB_DATA";
  std::string page = lab_page();
  const std::size_t at = page.find(kPlaceholder);
  PLUMB_CHECK(at != std::string::npos);
  page.replace(at, kPlaceholder.size(), escape_for_script(lab_json(finished)));
  return page;
}

void write_page(std::span<const Finished> finished, const std::string& path) {
  const std::string page = render_page(finished);
  if (const auto problem = write_output(path, [&](std::ostream& out) { out << page; })) {
    throw StoreError(path + ": the page cannot be written: " + *problem +
                     ", expected a writable file");
  }
}

}  // namespace plumb::lab
