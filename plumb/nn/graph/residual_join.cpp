// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/graph/residual_join.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "plumb/core/error.h"
#include "plumb/nn/graph/gradient_sum.h"
#include "plumb/nn/graph/layer_node.h"
#include "plumb/nn/layers/image_shape.h"
#include "plumb/nn/layers/pad_shortcut.h"
#include "plumb/nn/reorder.h"
#include "plumb/stats/magnitude.h"

namespace plumb {

namespace {

/// y = shortcut + scale * branch.
void join_forward(ConstView shortcut, ConstView branch, double scale, View y) {
  dispatch(y.dtype, [&](auto zero) {
    using T = decltype(zero);
    const auto s = shortcut.as<T>();
    const auto b = branch.as<T>();
    const auto out = y.as<T>();
    const T factor = static_cast<T>(scale);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = s[i] + factor * b[i];
  });
}

/// grad += <grad_y, branch>
void add_alpha_gradient(Param& alpha, ConstView grad_y, ConstView branch) {
  const double product = dot(grad_y, branch);
  dispatch(alpha.grad.dtype(), [&]<class T>(T) {
    T& grad = alpha.grad.as<T>()[0];
    grad = static_cast<T>(alpha.grad_is_zero ? product : static_cast<double>(grad) + product);
  });
  alpha.grad_is_zero = false;
}

}  // namespace

ResidualJoin::ResidualJoin(Place place, NodeChain branch, NodeChain shortcut, double scale,
                           std::vector<Param> alpha)
    : Node(std::move(place)), scale_(scale), alpha_(std::move(alpha)) {
  ways_[0] = {"branch", std::move(branch), false};
  ways_[1] = {"shortcut", std::move(shortcut), true};
}

double ResidualJoin::scale() const {
  if (alpha_.empty()) return scale_;
  const Tensor& alpha = alpha_.front().value;
  return dispatch(alpha.dtype(), [&]<class T>(T) { return static_cast<double>(alpha.as<T>()[0]); });
}

TensorPlan ResidualJoin::plan(const TensorPlan& x, Planner& planner) {
  const TensorPlan planned = branch().plan(x, planner);
  const TensorPlan beside = shortcut().plan(x, planner);
  shortcut_reordered_ = beside.layout == planned.layout
                            ? Tensor()
                            : Tensor(planned.shape, planner.dtype, planned.layout);
  y = Tensor(planned.shape, planner.dtype, planned.layout);
  return planned;
}

void ResidualJoin::forward(ConstView x, const ForwardPass& pass) {
  const ConstView through = branch().forward(x, pass);
  ConstView beside = shortcut().forward(x, pass);
  if (shortcut_reordered_) {
    reorder(beside, shortcut_reordered_.view(), pass.context.pool);
    beside = std::as_const(shortcut_reordered_).view();
  }
  join_forward(beside, through, scale(), y.view());
  pass.show_output(*this, x, y.view());
}

std::optional<Gradient> ResidualJoin::backward(ConstView x, const Gradient& grad_y,
                                               bool want_grad_x, const BackwardPass& pass) {
  const Gradient into_branch = pass.acquire_like(grad_y);
  scaled_copy(grad_y.values, scale(), into_branch.values);
  if (!alpha_.empty()) {
    bring_to_scale(alpha_, grad_y.log2_scale);
    add_alpha_gradient(alpha_.front(), grad_y.values, branch().back().y.view());
    pass.tell_ready(*this);
  }
  auto through = branch().backward(x, into_branch, want_grad_x, pass);

  // The caller keeps grad_y and releases it; a chain releases what it is given.
  const Layout at_end = shortcut().empty() ? x.layout : shortcut().back().y.layout();
  const Gradient into_shortcut =
      pass.in_layout({nullptr, grad_y.values, grad_y.log2_scale}, at_end);
  const auto beside = shortcut().backward(x, into_shortcut, want_grad_x, pass);
  if (!through || !beside) {
    if (through) pass.pool.release(*through);
    if (beside) pass.pool.release(*beside);
    return std::nullopt;
  }
  if (pass.observer != nullptr) {
    const WayGradient ways[] = {{through->values, through->log2_scale},
                                {beside->values, beside->log2_scale}};
    pass.observer->on_join(*this, ways);
  }
  add(*through, *beside);
  pass.pool.release(*beside);
  return through;
}

namespace {

/// What the options say; read before the branch is built, so that a wrong option is told first.
struct ResidualOptions {
  double scale = 1;
  std::optional<double> alpha;  ///< the start of a learned scale
  bool project = false;
  bool normalise = false;  ///< the projection
  bool pad = false;
};

ResidualOptions read_options(SpecArguments& arguments) {
  ResidualOptions options;
  const bool has_scale = arguments.has("scale");
  const bool has_alpha = arguments.has("alpha");
  options.scale = arguments.number("scale", 1.0);
  const double alpha = arguments.number("alpha", 0.0);
  const bool rezero = arguments.boolean("rezero", false);
  const std::string project = arguments.flag_or_word("proj", {"bn"});
  options.project = !project.empty();
  options.normalise = project == "bn";
  options.pad = arguments.boolean("pad", false);
  arguments.done();
  if (int{has_scale} + int{has_alpha} + int{rezero} > 1) {
    arguments.fail("has more than one of scale, alpha and rezero, expected one of them");
  }
  if (options.project && options.pad) {
    arguments.fail("has both proj and pad, expected one of them");
  }
  if (has_alpha || rezero) options.alpha = alpha;
  return options;
}

std::string text_of_projection(const JoinRequest& request, const Shape& x, const Shape& y) {
  if (x.rank() == 2 && y.rank() == 2) return "dense " + std::to_string(y[1]);
  if (y.rank() == 4 && (x.rank() == 4 || x.rank() == 3)) {
    const auto vertical = stride_between(x[x.rank() - 2], y[2]);
    const auto horizontal = stride_between(x[x.rank() - 1], y[3]);
    if (vertical && horizontal) {
      std::string text = "conv " + std::to_string(y[1]) + " 1x1";
      if (*vertical != 1 || *horizontal != 1) text += " stride=" + std::to_string(*vertical);
      if (*vertical != *horizontal) text += "x" + std::to_string(*horizontal);
      return text;
    }
  }
  request.refuse("proj cannot map " + x.row_shape().to_string() + " to " +
                 y.row_shape().to_string() +
                 " a sample, expected [features] on both sides, or images of a size that a stride "
                 "makes");
}

NodeChain build_shortcut(const JoinRequest& request, const ResidualOptions& options, const Shape& x,
                         const Shape& y) {
  NodeChain shortcut;
  if (options.project) {
    const std::string linear = text_of_projection(request, x, y) + " bias=false";
    shortcut.add(request.build_beside(linear, x, "proj"));
    if (options.normalise) shortcut.add(request.build_beside("bn", y, "proj_bn"));
  } else if (options.pad && x != y) {
    try {
      shortcut.add(std::make_unique<LayerNode>(request.place_beside("pad", "pad"),
                                               std::make_unique<PadShortcut>(x, y)));
    } catch (const ShapeError& error) {
      request.refuse(error.what());
    }
  } else if (x != y) {
    request.refuse("the branch turns " + x.row_shape().to_string() + " into " +
                   y.row_shape().to_string() +
                   " a sample, expected the same shape (or write 'res proj[...]' or "
                   "'res pad[...]')");
  }
  return shortcut;
}

}  // namespace

std::unique_ptr<Node> make_residual_join(JoinRequest& request) {
  const ResidualOptions options = read_options(request.arguments);
  std::vector<Param> alpha;
  if (options.alpha) {
    alpha.emplace_back("alpha", Shape{1}, request.dtype(), 0, 0);
    set_all(alpha.front(), *options.alpha);
  }
  Shape y = request.x;
  NodeChain branch = request.build_branch(y, options.project ? 1 : 0);
  NodeChain shortcut = build_shortcut(request, options, request.x, y);
  return std::make_unique<ResidualJoin>(request.place, std::move(branch), std::move(shortcut),
                                        options.scale, std::move(alpha));
}

}  // namespace plumb
