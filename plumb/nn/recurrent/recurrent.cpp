// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/recurrent/recurrent.h"

#include "plumb/nn/recurrent/recurrent_pass.h"
#include "plumb/stats/magnitude.h"

namespace plumb {

Recurrent::Recurrent(const RecurrentOptions& options, DType dtype, std::string path)
    : options_(options), dtype_(dtype), path_(std::move(path)) {
  const std::int64_t in = options.in, hidden = options.hidden, rows = gate_count() * hidden;
  for (int direction = 0; direction < direction_count(); ++direction) {
    const std::string end = direction == 0 ? "_l0" : "_l0_reverse";
    params_.emplace_back("weight_ih" + end, Shape{rows, in}, dtype, in, hidden);
    params_.emplace_back("weight_hh" + end, Shape{rows, hidden}, dtype, hidden, hidden);
    if (!options.bias) continue;
    params_.emplace_back("bias_ih" + end, Shape{rows}, dtype, in, hidden);
    params_.emplace_back("bias_hh" + end, Shape{rows}, dtype, hidden, hidden);
  }
}

std::string_view Recurrent::kind() const {
  switch (options_.kind) {
    case RecurrentKind::lstm: return "lstm";
    case RecurrentKind::gru: return "gru";
    default: return "rnn";
  }
}

int Recurrent::gate_count() const { return RecurrentGeometry(options_, Shape{1, 1, 1}).gates(); }

Shape Recurrent::output_shape(const Shape& x) const {
  if (x.rank() != 3 || x[2] != options_.in) {
    throw ShapeError((path_.empty() ? std::string(kind()) : path_) + ": x has shape " +
                     x.to_string() + ", expected [batch, steps, " + std::to_string(options_.in) +
                     "]");
  }
  return {x[0], x[1], direction_count() * options_.hidden};
}

void Recurrent::plan(const Shape& x) {
  const RecurrentGeometry geometry(options_, x);
  planned_ = x;
  saved_.clear();
  for (int direction = 0; direction < direction_count(); ++direction) {
    saved_.emplace_back(Shape{geometry.saved_size()}, dtype_);
  }
  work_ =
      Tensor(Shape{std::max(geometry.forward_work_size(), geometry.backward_work_size())}, dtype_);
  scales_.assign(static_cast<std::size_t>((1 + 2 * geometry.block) * geometry.batch), 0);
}

namespace {

template <class T>
RecurrentPass<T> make_pass(const RecurrentOptions& options, ConstView x, int direction,
                           std::span<Param> params, Tensor& saved, Tensor& work) {
  const auto data = [&](std::size_t i) {
    return i < params.size() ? params[i].value.as<T>().data() : nullptr;
  };
  return {RecurrentGeometry(options, x.shape),
          options.activation,
          direction == 1,
          {data(0), data(1), data(2), data(3)},
          saved.as<T>().data(),
          work.as<T>().data(),
          x.as<T>().data()};
}

}  // namespace

void Recurrent::forward(ConstView x, View y, const Context& context) {
  if (x.shape != planned_) plan(x.shape);
  const std::size_t count = params_.size() / saved_.size();
  dispatch(x.dtype, [&]<class T>(T) {
    for (std::size_t d = 0; d < saved_.size(); ++d) {
      const auto params = std::span(params_).subspan(d * count, count);
      recurrent_forward(make_pass<T>(options_, x, static_cast<int>(d), params, saved_[d], work_),
                        y.as<T>().data(), context);
    }
  });
}

RecurrentScale Recurrent::meet_old_gradients() {
  RecurrentScale scale;
  for (const Param& param : params_) {
    if (param.grad_is_zero) continue;
    scale.log2 = scale.known ? std::max(scale.log2, param.grad_log2_scale) : param.grad_log2_scale;
    scale.known = true;
  }
  for (Param& param : params_) {
    if (!param.grad_is_zero && param.grad_log2_scale != scale.log2) {
      scale_by_power_of_two(param.grad.view(), param.grad_log2_scale - scale.log2);
    }
    param.grad_log2_scale = scale.log2;
  }
  return scale;
}

void Recurrent::backward(ConstView x, ConstView y, ConstView grad_y, View grad_x,
                         const Context& context) {
  PLUMB_CHECK(x.shape == planned_);
  const std::size_t count = params_.size() / saved_.size();
  RecurrentScale scale = meet_old_gradients();
  dispatch(x.dtype, [&]<class T>(T) {
    for (std::size_t d = 0; d < saved_.size(); ++d) {
      const auto params = std::span(params_).subspan(d * count, count);
      recurrent_backward(
          make_pass<T>(options_, x, static_cast<int>(d), params, saved_[d], work_),
          RecurrentGradients<T>{y.as<T>().data(), grad_y.as<T>().data(),
                                grad_x ? grad_x.as<T>().data() : nullptr, params, params_, scales_},
          scale, context);
    }
  });
  extra_log2_scale_ = scale.known ? scale.log2 : 0;
  for (Param& param : params_) param.grad_log2_scale = extra_log2_scale_;
}

}  // namespace plumb
