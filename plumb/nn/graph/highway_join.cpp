// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/highway_join.h"

#include <string>
#include <utility>

#include "plumb/kernels/elementwise.h"
#include "plumb/kernels/ref/smooth.h"
#include "plumb/nn/graph/gradient_sum.h"

namespace plumb {

namespace {

/// The start of the gate: T = 0.12, so that most of x is carried on. Srivastava, Greff,
/// Schmidhuber 2015, section 2.2, trained 50 layers with -2.
constexpr double kGateBias = -2;

/// transform = sigmoid(z), y = transform * branch + (1 - transform) * x.
void mix_forward(ConstView x, ConstView branch, ConstView z, View transform, View y) {
  dispatch(y.dtype, [&]<class T>(T) {
    const auto in = x.as<T>(), b = branch.as<T>();
    const auto t = transform.as<T>(), out = y.as<T>();
    elementwise_forward(ref::Sigmoid{}, z.as<T>().data(), t.data(), z.shape.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = t[i] * b[i] + (T{1} - t[i]) * in[i];
  });
}

void mix_backward(ConstView x, ConstView branch, ConstView z, ConstView transform, ConstView grad_y,
                  View into_branch, View carried, View grad_z) {
  dispatch(grad_y.dtype, [&]<class T>(T) {
    const auto in = x.as<T>(), b = branch.as<T>(), t = transform.as<T>(), g = grad_y.as<T>();
    const auto to_branch = into_branch.as<T>(), carry = carried.as<T>(), to_gate = grad_z.as<T>();
    for (std::size_t i = 0; i < g.size(); ++i) {
      to_branch[i] = t[i] * g[i];
      carry[i] = (T{1} - t[i]) * g[i];
      to_gate[i] = g[i] * (b[i] - in[i]);
    }
    elementwise_vjp(ref::Sigmoid{}, z.as<T>().data(), t.data(), to_gate.data(), to_gate.data(),
                    z.shape.size());
  });
}

}  // namespace

HighwayJoin::HighwayJoin(Place place, NodeChain branch, std::unique_ptr<Node> gate,
                         double gate_bias)
    : Node(std::move(place)), gate_bias_(gate_bias) {
  ways_[0] = {"branch", std::move(branch), false};
  ways_[1] = {"shortcut", {}, true};
  ways_[2] = {"gate", {}, false};
  ways_[2].chain.add(std::move(gate));
}

void HighwayJoin::start_params() { set_all(ways_[2].chain.node(0).params().back(), gate_bias_); }

TensorPlan HighwayJoin::plan(const TensorPlan& x, Planner& planner) {
  const TensorPlan planned = branch().plan(x, planner);
  const TensorPlan decided = gate().plan(x, planner);
  if (x.layout != planned.layout || decided.layout != planned.layout) planner.sides_differ = true;
  transform_ = Tensor(planned.shape, planner.dtype, planned.layout);
  y = Tensor(planned.shape, planner.dtype, planned.layout);
  return planned;
}

void HighwayJoin::forward(ConstView x, const ForwardPass& pass) {
  const ConstView through = branch().forward(x, pass);
  const ConstView z = gate().forward(x, pass);
  mix_forward(x, through, z, transform_.view(), y.view());
  pass.show_output(*this, x, y.view());
}

std::optional<Gradient> HighwayJoin::backward(ConstView x, const Gradient& grad_y, bool want_grad_x,
                                              const BackwardPass& pass) {
  const Gradient into_branch = pass.acquire_like(grad_y);
  const Gradient carried = pass.acquire_like(grad_y);
  const Gradient into_gate = pass.acquire_like(grad_y);
  mix_backward(x, branch().back().y.view(), gate().back().y.view(), transform_.view(),
               grad_y.values, into_branch.values, carried.values, into_gate.values);
  const auto decided = gate().backward(x, into_gate, want_grad_x, pass);
  auto through = branch().backward(x, into_branch, want_grad_x, pass);
  if (!through || !decided) {
    pass.pool.release(carried);
    return std::nullopt;
  }
  if (pass.observer != nullptr) {
    const WayGradient ways[] = {{through->values, through->log2_scale},
                                {carried.values, carried.log2_scale},
                                {decided->values, decided->log2_scale}};
    pass.observer->on_join(*this, ways);
  }
  add(*through, carried);
  add(*through, *decided);
  pass.pool.release(carried);
  pass.pool.release(*decided);
  return through;
}

std::unique_ptr<Node> make_highway_join(JoinRequest& request) {
  const double gate_bias = request.arguments.number("bias", kGateBias);
  request.arguments.done();
  const Shape& x = request.x;
  Shape y = x;
  NodeChain branch = request.build_branch(y, 1);
  if (x != y) {
    request.refuse("the branch turns " + x.row_shape().to_string() + " into " +
                   y.row_shape().to_string() + " a sample, expected the same shape");
  }
  if (x.rank() != 2 && x.rank() != 4) {
    request.refuse("x has shape " + x.row_shape().to_string() +
                   " a sample, expected [features] or [channels, height, width]");
  }
  const std::string units = std::to_string(y[1]);
  const std::string linear = x.rank() == 2 ? "dense " + units : "conv " + units + " 3x3";
  auto gate = request.build_beside(linear, x, "gate");
  return std::make_unique<HighwayJoin>(request.place, std::move(branch), std::move(gate),
                                       gate_bias);
}

}  // namespace plumb
