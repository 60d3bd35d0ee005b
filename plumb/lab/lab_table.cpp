// SPDX-License-Identifier: Apache-2.0
#include "plumb/lab/experiment.h"
#include "plumb/lab/experiments/experiments.h"

namespace plumb::lab {

const std::vector<Experiment>& experiments() {
  static const std::vector<Experiment> kTable{
      identity_experiment(),
      same_weight_experiment(),
      chain_numbers_experiment(),
      sigmoid_tanh_experiment(),
      sigmoid_formulas_experiment(),
      victims_experiment(),
      figure_one_experiment(),
      depth_experiment(),
      initialisation_experiment(),
      dying_relu_experiment(),
      gates_experiment(),
      residual_experiment(),
      remedies_experiment(),
  };
  return kTable;
}

}  // namespace plumb::lab
