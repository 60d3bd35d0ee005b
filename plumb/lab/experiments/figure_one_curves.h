// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "plumb/lab/experiments/figure_one.h"

namespace plumb::lab {

/// A point of the curves of figure 1 as another program had them: log10 of the norm of the mean
/// dJ/db of each hidden layer, layer 1 first, and by how much it may differ from the mean over
/// seeds here.
struct CurvePoint {
  int hidden;
  int epoch;
  std::vector<double> log10_norm;
  std::vector<double> deviation;  ///< from seed to seed, of each layer
};

/// Of the protocol on the images of `glyphs`: mean over kIndependentSeeds seeds of a program in
/// numpy with weights of its own (tools/numpy_figure_one.py).
std::span<const CurvePoint> independent_curves();
inline constexpr int kIndependentSeeds = 12;

/// Of the protocol on MNIST: the one training of the book, from its published data (M. Nielsen,
/// Neural Networks and Deep Learning, chapter 5).
std::span<const CurvePoint> published_curves();

/// Holds each layer's curve, the mean over trainings with other seeds, against those points of it
/// that are for so many hidden layers: at every epoch it must lie within kDeviations standard
/// deviations of the difference of two such means, above and below alike.
/// Needs  at least one training, and those epochs measured in each.
void hold_curves(Result& result, int hidden, std::span<const LearningSpeeds> trainings,
                 std::span<const CurvePoint> curves, int seeds_of_curves, const char* source);
inline constexpr double kDeviations = 4;  ///< our choice: one false alarm in some hundred runs

}  // namespace plumb::lab
