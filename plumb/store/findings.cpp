// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "plumb/core/error.h"
#include "plumb/store/finding_rows.h"
#include "plumb/store/graph_check.h"
#include "plumb/store/info_rows.h"
#include "plumb/store/run_file.h"
#include "plumb/store/schema.h"

namespace plumb {

void save_findings(const std::string& path, std::span<const Finding> findings) {
  store::Database database = store::open_run_file(path, store::Access::write);
  if (const auto version = store::schema_version(database); version < store::kOldestSameSchema) {
    throw StoreError(fmt::format(
        "{}: was written with schema version {}, whose findings are sentences; findings "
        "are saved in files of version {} and newer",
        path, version, store::kOldestSameSchema));
  }
  store::Transaction transaction(database, store::Access::write);
  const std::string problem = store::check_findings(store::read_info(database), findings);
  if (!problem.empty()) throw StoreError(path + ": " + problem);
  store::replace_findings(database, findings);
  transaction.commit();
}

}  // namespace plumb
