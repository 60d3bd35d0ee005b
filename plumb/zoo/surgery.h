// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "plumb/nn/graph/network.h"
#include "plumb/zoo/specimen.h"

namespace plumb::zoo {

/// What is done to the weights of a network before it trains. Layers are counted from 1 at the
/// input: of a chain, LayerInfo::depth.

/// The weights of the linear layers, in forward order.
std::vector<Param*> linear_weights(Network& network);
std::vector<Param*> linear_biases(Network& network);
/// The scales ("weight") and shifts ("bias") of the normalisations, in forward order.
std::vector<Param*> norm_scales(Network& network);
std::vector<Param*> norm_shifts(Network& network);

/// All parameters of a name, in forward order: "bias_ih_l0" of each recurrent layer.
std::vector<Param*> named(Network& network, std::string_view name);
/// Of a bias of `gates` blocks of rows, one after the other, the block `gate`.
void fill_gate(Param& bias, int gate, int gates, double value);

void multiply(Param& param, double factor);
void fill(Param& param, double value);
/// Adds N(0, deviation^2) to each element.
void disturb(Param& param, double deviation, std::uint64_t seed);
/// Makes each row of a weight a multiple of the first, by a factor drawn from U(0.5, 1.5) with a
/// random sign, of the size that it had.
void make_rank_one(Param& weight, std::uint64_t seed);
/// Makes the rows of a weight copies of its first one.
void repeat_rows(Param& weight);

using Surgery = std::function<void(Network&)>;

/// The start of a network that was trained before: those weights and running statistics.
/// `config` trains for `steps` steps on `data`.
Surgery trained_start(TrainConfig config, Split data, std::int64_t steps);

}  // namespace plumb::zoo
