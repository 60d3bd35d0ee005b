// SPDX-License-Identifier: Apache-2.0
#include "tests/support/mini_net.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "plumb/core/rng.h"
#include "tests/support/run_builder.h"

namespace plumb::test {

namespace {

constexpr double kSeluAlpha = 1.6732632423543772848;
constexpr double kSeluLambda = 1.0507009873554804935;

struct ValueAndSlope {
  double value;
  double slope;
};

ValueAndSlope activate(const std::string& kind, double z) {
  if (kind == "sigmoid") {
    const double s = 1 / (1 + std::exp(-z));
    return {s, s / (1 + std::exp(z))};
  }
  if (kind == "tanh") return {std::tanh(z), 1 / (std::cosh(z) * std::cosh(z))};
  if (kind == "relu") return {z < 0 ? 0 : z, z > 0 ? 1.0 : 0.0};
  if (kind == "leaky_relu") return {z < 0 ? 0.01 * z : z, z > 0 ? 1.0 : 0.01};
  if (kind == "elu") return {z < 0 ? std::expm1(z) : z, z < 0 ? std::exp(z) : 1.0};
  if (kind == "selu") {
    return {kSeluLambda * (z < 0 ? kSeluAlpha * std::expm1(z) : z),
            kSeluLambda * (z < 0 ? kSeluAlpha * std::exp(z) : 1.0)};
  }
  if (kind == "gelu") {
    const double cdf = 0.5 * std::erfc(-z / std::sqrt(2.0));
    return {z * cdf, cdf + z * std::exp(-0.5 * z * z) / std::sqrt(2 * 3.14159265358979323846)};
  }
  return {z, 1.0};
}

double max_slope(const std::string& kind) {
  if (kind == "sigmoid") return 0.25;
  if (kind == "selu") return kSeluLambda * kSeluAlpha;
  if (kind == "gelu") return 1.1289;
  return 1.0;
}

double log2_rms(const std::vector<double>& values) {
  double sum = 0;
  for (const double x : values) sum += x * x;
  return 0.5 * std::log2(sum / static_cast<double>(values.size()));
}

/// y = x W^T + b for a whole batch.
std::vector<double> forward(const MiniNet::Dense& dense, const std::vector<double>& x, int batch) {
  std::vector<double> y(static_cast<std::size_t>(batch * dense.out));
  for (int b = 0; b < batch; ++b) {
    for (int o = 0; o < dense.out; ++o) {
      double sum = dense.bias[static_cast<std::size_t>(o)];
      for (int i = 0; i < dense.in; ++i) {
        sum += dense.weight[static_cast<std::size_t>(o * dense.in + i)] *
               x[static_cast<std::size_t>(b * dense.in + i)];
      }
      y[static_cast<std::size_t>(b * dense.out + o)] = sum;
    }
  }
  return y;
}

/// Returns grad_x = grad_y W and sets the gradients of the parameters.
std::vector<double> backward(MiniNet::Dense& dense, const std::vector<double>& x,
                             const std::vector<double>& grad_y, int batch) {
  std::vector<double> grad_x(x.size(), 0.0);
  std::fill(dense.grad_weight.begin(), dense.grad_weight.end(), 0.0);
  std::fill(dense.grad_bias.begin(), dense.grad_bias.end(), 0.0);
  for (int b = 0; b < batch; ++b) {
    for (int o = 0; o < dense.out; ++o) {
      const double g = grad_y[static_cast<std::size_t>(b * dense.out + o)];
      dense.grad_bias[static_cast<std::size_t>(o)] += g;
      for (int i = 0; i < dense.in; ++i) {
        const auto w = static_cast<std::size_t>(o * dense.in + i);
        const auto at = static_cast<std::size_t>(b * dense.in + i);
        grad_x[at] += g * dense.weight[w];
        dense.grad_weight[w] += g * x[at];
      }
    }
  }
  return grad_x;
}

std::int64_t duplicate_rows(const MiniNet::Dense& dense) {
  std::int64_t duplicates = 0;
  for (int o = 1; o < dense.out; ++o) {
    const auto row = dense.weight.begin() + o * dense.in;
    for (int p = 0; p < o; ++p) {
      if (std::equal(row, row + dense.in, dense.weight.begin() + p * dense.in)) {
        ++duplicates;
        break;
      }
    }
  }
  return duplicates;
}

/// Softmax cross-entropy, mean over the batch; fills grad with (p - y) / batch.
double cross_entropy(const std::vector<double>& logits, const std::vector<int>& labels, int classes,
                     std::vector<double>& grad, double& accuracy) {
  const auto batch = static_cast<int>(labels.size());
  grad.resize(logits.size());
  double loss = 0;
  int right = 0;
  for (int b = 0; b < batch; ++b) {
    const double* row = logits.data() + b * classes;
    const double top = *std::max_element(row, row + classes);
    double sum = 0;
    for (int c = 0; c < classes; ++c) sum += std::exp(row[c] - top);
    const int label = labels[static_cast<std::size_t>(b)];
    loss += (top + std::log(sum) - row[label]) / batch;
    right += std::max_element(row, row + classes) - row == label ? 1 : 0;
    for (int c = 0; c < classes; ++c) {
      grad[static_cast<std::size_t>(b * classes + c)] =
          (std::exp(row[c] - top) / sum - (c == label ? 1 : 0)) / batch;
    }
  }
  accuracy = static_cast<double>(right) / batch;
  return loss;
}

}  // namespace

MiniNet::MiniNet(const MiniSpec& spec) : spec_(spec) {
  const Rng rng(spec.seed, "mini_net/weights");
  std::uint64_t draw = 0;
  int depth = 0;
  const auto add_dense = [&](const std::string& path, int in, int out) {
    Dense dense;
    dense.in = in;
    dense.out = out;
    dense.weight.resize(static_cast<std::size_t>(in * out));
    dense.bias.resize(static_cast<std::size_t>(out));
    const double std_dev = spec.gain / std::sqrt(static_cast<double>(in));
    for (double& w : dense.weight) {
      w = spec.constant_weight ? *spec.constant_weight : std_dev * rng.normal(draw++);
    }
    for (double& b : dense.bias) b = spec.bias_std * rng.normal(draw++);
    dense.grad_weight.resize(dense.weight.size());
    dense.grad_bias.resize(dense.bias.size());
    dense.m.resize(dense.weight.size() + dense.bias.size());
    dense.v = dense.update = dense.m;
    nodes_.push_back({Op::dense, dense_info(path, ++depth, in, out), denses.size()});
    denses.push_back(std::move(dense));
  };
  const auto add_activation = [&](const std::string& path) {
    LayerInfo layer = activation_info(path, spec.activation, depth, spec.width);
    layer.traits->max_derivative = max_slope(spec.activation);
    nodes_.push_back({Op::activation, layer, 0});
  };
  int path = 0;
  add_dense(std::to_string(path++), spec.inputs, spec.width);
  add_activation(std::to_string(path++));
  for (int l = 1; l < spec.depth; ++l) {
    if (spec.residual) {
      const std::string block = std::to_string(path++);
      LayerInfo res = residual_info(block, 0, spec.width);
      nodes_.push_back({Op::block_begin, res, 0});
      add_dense(block + ".0", spec.width, spec.width);
      add_activation(block + ".1");
      add_dense(block + ".2", spec.width, spec.width);
      res.depth = depth;
      nodes_.push_back({Op::block_end, res, 0});
    } else {
      add_dense(std::to_string(path++), spec.width, spec.width);
      add_activation(std::to_string(path++));
    }
  }
  add_dense(std::to_string(path), spec.width, spec.classes);
  if (spec.zero_output) denses.back().weight.assign(denses.back().weight.size(), 0.0);
  for (std::size_t d = 2; spec.zero_branch_ends && d + 1 < denses.size(); d += 2) {
    denses[d].weight.assign(denses[d].weight.size(), 0.0);
  }
  describe();
}

void MiniNet::describe() {
  info_.network = std::to_string(spec_.depth) + " x " + spec_.activation;
  info_.optimiser = spec_.adam ? "adam" : "sgd";
  info_.precision = "double";
  info_.batch = spec_.batch;
  info_.classes = spec_.classes;
  info_.planned_steps = spec_.steps;
  for (const Node& node : nodes_) {
    if (node.op != Op::block_begin) info_.layers.push_back(node.layer);
  }
  wire(info_);
}

StepRecord MiniNet::step(const std::vector<double>& x, const std::vector<int>& labels) {
  const int batch = static_cast<int>(labels.size());
  StepRecord record;
  record.step = step_;
  record.measured = true;
  record.learning_rate = spec_.learning_rate;
  put(info_, record, "input", Role::a, sketch_of(x));

  std::vector<std::vector<double>> inputs(nodes_.size());
  std::vector<std::vector<double>> slopes(nodes_.size());
  std::vector<std::vector<double>> kept;  // inputs of the open blocks
  std::vector<double> value = x;
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    const Node& node = nodes_[n];
    inputs[n] = value;
    switch (node.op) {
      case Op::dense: value = forward(denses[node.dense], value, batch); break;
      case Op::activation:
        slopes[n].resize(value.size());
        for (std::size_t i = 0; i < value.size(); ++i) {
          const ValueAndSlope y = activate(spec_.activation, value[i]);
          value[i] = y.value;
          slopes[n][i] = y.slope;
        }
        break;
      case Op::block_begin: kept.push_back(value); continue;
      case Op::block_end:
        for (std::size_t i = 0; i < value.size(); ++i) {
          value[i] = kept.back()[i] + spec_.branch_scale * value[i];
        }
        kept.pop_back();
        break;
    }
    put(info_, record, node.layer.path, node.op == Op::dense ? Role::z : Role::a, sketch_of(value));
  }

  std::vector<double> grad;
  record.loss = cross_entropy(value, labels, spec_.classes, grad, record.accuracy);
  for (std::size_t n = nodes_.size(); n-- > 0;) {
    const Node& node = nodes_[n];
    if (node.op != Op::block_begin) {
      put(info_, record, node.layer.path, node.op == Op::dense ? Role::grad_z : Role::grad_a,
          sketch_of(grad));
    }
    switch (node.op) {
      case Op::dense: grad = backward(denses[node.dense], inputs[n], grad, batch); break;
      case Op::activation: {
        const auto units = static_cast<std::int64_t>(grad.size()) / batch;
        ActivationRecord a{id_of(info_, node.layer.path), log2_rms(slopes[n]), 0, 0, units, 0, 0};
        a.window_samples = static_cast<std::uint64_t>(batch);
        std::vector<int> active(static_cast<std::size_t>(units), 0);
        for (std::size_t i = 0; i < grad.size(); ++i) {
          const double slope = slopes[n][i];
          const double share = 1.0 / static_cast<double>(grad.size());
          if (std::abs(slope) < kSaturatedDerivative * *node.layer.traits->max_derivative) {
            a.saturated_fraction += share;
          }
          if (slope != 0) {
            a.active_fraction += share;
            active[i % static_cast<std::size_t>(units)] = 1;
          }
          grad[i] *= slope;
        }
        a.dead_units = std::count(active.begin(), active.end(), 0);
        record.activations.push_back(a);
        break;
      }
      case Op::block_end:
        kept.push_back(grad);
        for (double& g : grad) g *= spec_.branch_scale;
        break;
      case Op::block_begin: {
        double dot = 0;
        for (std::size_t i = 0; i < grad.size(); ++i) dot += grad[i] * kept.back()[i];
        const double branch = log2_rms(grad);
        const double shortcut = log2_rms(kept.back());
        const double cosine = dot / static_cast<double>(grad.size()) / std::exp2(branch + shortcut);
        put_join(info_, record, node.layer.path, {branch, shortcut, cosine});
        for (std::size_t i = 0; i < grad.size(); ++i) grad[i] += kept.back()[i];
        kept.pop_back();
        break;
      }
    }
  }
  put(info_, record, "input", Role::grad_a, sketch_of(grad));

  double grad_square = 0;
  double decay_square = 0;
  ++step_;
  for (const Node& node : nodes_) {
    if (node.op != Op::dense) continue;
    Dense& dense = denses[node.dense];
    for (const double g : dense.grad_weight) grad_square += g * g;
    for (const double g : dense.grad_bias) grad_square += g * g;
    for (const double w : dense.weight) decay_square += w * w;
    put(info_, record, node.layer.path, Role::weight, sketch_of(dense.weight));
    put(info_, record, node.layer.path, Role::grad_weight, sketch_of(dense.grad_weight));
    const LayerId layer = id_of(info_, node.layer.path);
    record.symmetries.push_back(
        {info_.find_param(layer, ParamUse::weight), dense.out, duplicate_rows(dense)});
    if (!spec_.frozen_output || &dense != &denses.back()) update(dense);
    put(info_, record, node.layer.path, Role::update,
        sketch_of({dense.update.data(), dense.weight.size()}));
  }
  record.grad_norm = std::sqrt(grad_square);
  record.weight_decay_norm = spec_.weight_decay * std::sqrt(decay_square);
  return record;
}

void MiniNet::update(Dense& dense) {
  const std::size_t weights = dense.weight.size();
  for (std::size_t i = 0; i < dense.update.size(); ++i) {
    double& value = i < weights ? dense.weight[i] : dense.bias[i - weights];
    double g = i < weights ? dense.grad_weight[i] + spec_.weight_decay * value
                           : dense.grad_bias[i - weights];
    if (spec_.adam) {
      const double t = static_cast<double>(step_);
      dense.m[i] = 0.9 * dense.m[i] + 0.1 * g;
      dense.v[i] = 0.999 * dense.v[i] + 0.001 * g * g;
      g = dense.m[i] / (1 - std::pow(0.9, t)) /
          (std::sqrt(dense.v[i] / (1 - std::pow(0.999, t))) + 1e-8);
    }
    dense.update[i] = -spec_.learning_rate * g;
    value += dense.update[i];
  }
}

Run run_mini_net(const MiniSpec& spec) {
  MiniNet net(spec);
  Run run;
  run.info = net.info();
  const Rng rng(spec.seed, "mini_net/data");
  const auto inputs = static_cast<std::size_t>(spec.inputs);
  std::vector<double> teacher(static_cast<std::size_t>(spec.classes) * inputs);
  for (std::size_t i = 0; i < teacher.size(); ++i) teacher[i] = rng.child(0).normal(i);
  for (int s = 0; s < spec.steps; ++s) {
    const Rng batch_rng = rng.child(static_cast<std::uint64_t>(s) + 1);
    std::vector<double> x(static_cast<std::size_t>(spec.batch) * inputs);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = batch_rng.normal(i);
    std::vector<int> labels;
    for (int b = 0; b < spec.batch; ++b) {
      std::vector<double> score(static_cast<std::size_t>(spec.classes), 0.0);
      for (std::size_t i = 0; i < teacher.size(); ++i) {
        score[i / inputs] += teacher[i] * x[static_cast<std::size_t>(b) * inputs + i % inputs];
      }
      labels.push_back(
          static_cast<int>(std::max_element(score.begin(), score.end()) - score.begin()));
    }
    for (double& v : x) v *= spec.input_scale;
    if (spec.nan_layer && spec.nan_step == s) {
      net.denses[static_cast<std::size_t>(*spec.nan_layer)].weight[0] =
          std::numeric_limits<double>::quiet_NaN();
    }
    run.steps.push_back(net.step(x, labels));
  }
  return run;
}

}  // namespace plumb::test
