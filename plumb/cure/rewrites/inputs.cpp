// SPDX-License-Identifier: Apache-2.0
#include "plumb/cure/rewrites/inputs.h"

namespace plumb {

Rewritten standardise_inputs(const Patient& patient, const CureArguments&) {
  if (patient.config.standardise) return Rewritten::refuse("the inputs are standardised");
  TrainConfig config = patient.config;
  config.standardise = true;
  return Rewritten::to(std::move(config));
}

}  // namespace plumb
