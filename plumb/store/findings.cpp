// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/run_file.h"
#include "plumb/store/run_inserter.h"
#include "plumb/store/schema.h"

namespace plumb {

void save_findings(const std::string& path, std::span<const Finding> findings) {
  store::Database database = store::open_run_file(path, store::Access::write);
  store::Transaction transaction(database, store::Access::write);
  store::replace_findings(database, findings);
  transaction.commit();
}

}  // namespace plumb
