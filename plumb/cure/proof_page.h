// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "plumb/cure/cure.h"
#include "plumb/report/proof.h"

namespace plumb {

/// The proof of a cure for the report page; nothing where no training of it was made. Arms that
/// were not trained are left out.
std::optional<ReportProof> report_proof(const CureReport& report);

}  // namespace plumb
