// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/lab_page.h"

#include <fstream>

#include "plumb/core/error.h"
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
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << render_page(finished);
  file.flush();
  if (!file) throw StoreError(path + ": the page cannot be written, expected a writable file");
}

}  // namespace plumb::lab
