// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plumb/zoo/datasets.h"
#include "plumb/zoo/draw.h"
#include "plumb/zoo/kind.h"
#include "plumb/zoo/specimen.h"
#include "plumb/zoo/surgery.h"

/// What the builders of the kinds share: a task with its data, a trainer that fits it, and words
/// for networks. Everything that is not said is drawn.
namespace plumb::zoo {

/// A table of classes, clusters or curved: x [n, 8 to 24], 3 to 6 classes; 300 steps of batches of
/// 32 to 64, he_normal with biases at zero, sgd at 0.05 with momentum 0.9.
Specimen on_table(Draw& draw);
/// The same with one to three target values.
Specimen on_values(Draw& draw);
/// Small glyphs, x [n, 14, 14], ten classes; adam at 0.002, 200 steps.
Specimen on_glyphs(Draw& draw);
/// A symbol to be remembered over `steps` steps; adam at 0.01, 250 steps.
Specimen on_recall(Draw& draw, int steps);

/// The same with a network of one recurrent layer, `sick` or `sound`, in which {} stands for its
/// units, the last step's state and a dense layer.
Specimen recalls(Draw& draw, bool fault, int fewest_steps, int most_steps, const std::string& sick,
                 const std::string& sound);

/// As many as the data ask for.
int outputs(const Specimen& specimen);
/// "12 x [dense 32 > relu] > dense 4", the last for the specimen's data. `body` is what follows
/// each dense layer: "relu", "bn > relu".
std::string chain(const Specimen& specimen, int depth, int width, std::string_view body);

void use_sgd(Specimen& specimen, double rate, double momentum = 0.9);
void use_adam(Specimen& specimen, double rate);

/// The kinds, a function a family; the healthy ones by what they come near to.
std::vector<Kind> flow_kinds();
std::vector<Kind> signal_kinds();
std::vector<Kind> trainer_kinds();
std::vector<Kind> data_kinds();
std::vector<Kind> output_kinds();
std::vector<Kind> norm_kinds();
std::vector<Kind> time_kinds();
std::vector<Kind> healthy_flow_kinds();
std::vector<Kind> healthy_trainer_kinds();
std::vector<Kind> healthy_task_kinds();
std::vector<Kind> healthy_layer_kinds();

/// Kinds by which rules were set: of the open half, whatever their names.
std::vector<Kind> more_data_kinds();
std::vector<Kind> more_signal_kinds();
std::vector<Kind> more_trainer_kinds();
std::vector<Kind> more_order_kinds();
std::vector<Kind> more_norm_kinds();
std::vector<Kind> more_time_kinds();
std::vector<Kind> more_healthy_kinds();

}  // namespace plumb::zoo
