// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "plumb/lab/experiment.h"

/// One function for each experiment, one file each; lab_table.cpp has their order.
namespace plumb::lab {

Experiment identity_experiment();
Experiment same_weight_experiment();
Experiment chain_numbers_experiment();
Experiment sigmoid_tanh_experiment();
Experiment sigmoid_formulas_experiment();
Experiment victims_experiment();
Experiment figure_one_experiment();
Experiment depth_experiment();
Experiment initialisation_experiment();
Experiment dying_relu_experiment();
Experiment gates_experiment();
Experiment residual_experiment();
Experiment remedies_experiment();

}  // namespace plumb::lab
