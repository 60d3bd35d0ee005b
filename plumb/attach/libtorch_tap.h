// SPDX-License-Identifier: Apache-2.0
// How plumb/attach/libtorch.h sees a training: operations while the model computes, hooks on
// autograd's nodes on the way back. Header only: plumb itself links no torch.
#pragma once

#include <ATen/record_function.h>
#include <c10/util/Exception.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/functions/accumulate_grad.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "plumb/attach/libtorch_observer.h"
#include "plumb/attach/libtorch_parts.h"
#include "plumb/attach/op_watch.h"

namespace plumb::attach::detail {

using torch::autograd::Node;
/// A std::shared_ptr, or an intrusive one in later versions.
using NodePointer = std::decay_t<decltype(std::declval<const at::Tensor&>().grad_fn())>;

/// One watched model. A failure of ours is told once and ends the measuring, never the training.
class Tap : public TrainingReader,
            public OperationListener,
            public std::enable_shared_from_this<Tap> {
 public:
  Tap(torch::nn::Module& model, torch::optim::Optimizer* optimizer, const SessionOptions& options)
      : model_(model),
        optimizer_(optimizer),
        params_(params_of(model)),
        watch_(options, *this, modules_of(model), param_facts(params_, optimizer)) {
    for (std::size_t i = 0; i < params_.size(); ++i) {
      place_.emplace(params_[i].tensor.unsafeGetTensorImpl(), i);
    }
    sync();
  }
  ~Tap() override { open(false); }
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  OpWatch& watch() { return watch_; }
  bool has_failed() const { return failed_; }

  /// Runs what is ours; nothing of it once it has failed.
  template <class Work>
  void careful(const Work& work) noexcept {
    if (failed_) return;
    try {
      work();
      sync();
    } catch (const c10::Error& error) {
      fail(error.what_without_backtrace());
    } catch (const std::exception& error) {
      fail(error.what());
    } catch (...) {
      fail("an unknown error");
    }
  }

  void begin_operation(const at::RecordFunction& call) noexcept override {
    now_ = {};
    if (failed_ || !at::GradMode::is_enabled() || !model_.is_training()) return;
    careful([&] { look_at(call); });
  }
  void end_operation(const at::RecordFunction& call) noexcept override {
    if (now_.is_ours) careful([&] { take(call); });
    now_ = {};
  }

  void before_backward(const at::Tensor& loss) {
    careful([&] {
      const bool was_learning = watch_.is_learning();
      const NodePointer root = loss.grad_fn();
      const bool is_number = loss.numel() == 1 && at::isFloatingType(loss.scalar_type());
      watch_.before_backward(is_number ? loss.item().toDouble() : kNaN, root.get());
      if (was_learning && watch_.is_recording()) hook_all();
      in_pass_ = false;
      known_.clear();
      events_.clear();
      is_end_asked_ = false;
      in_backward_ = root != nullptr && (watch_.is_recording() || watch_.wants_operations());
      if (in_backward_) wait_for_end(*root);
    });
  }
  void end_backward() noexcept {
    in_backward_ = false;
    careful([&] { watch_.after_backward(); });
  }
  void gradient(std::int64_t pass, LayerId layer, AxisLayout layout,
                const at::Tensor& values) noexcept {
    if (pass != watch_.pass() || !is_open_here() || !watch_.is_recording()) return;
    careful([&] {
      if (const auto view = view_of(values)) watch_.gradient(layer, *view, layout);
    });
  }
  void join_way(std::int64_t pass, const OpGraph::Way& way, const at::Tensor& values) noexcept {
    if (pass != watch_.pass() || !is_open_here() || !watch_.is_recording()) return;
    careful([&] {
      if (const auto view = view_of(values)) watch_.join_way(way, *view);
    });
  }

  // TrainingReader.
  std::vector<AutogradNode> edges(AutogradNode node) const override {
    std::vector<AutogradNode> found;
    for (const auto& edge : static_cast<const Node*>(node)->next_edges()) {
      found.push_back(edge.function.get());
    }
    return found;
  }
  std::string parameter(AutogradNode node) const override {
    const auto* const leaf =
        dynamic_cast<const torch::autograd::AccumulateGrad*>(static_cast<const Node*>(node));
    if (leaf == nullptr) return "";
    const auto found = place_.find(leaf->variable.unsafeGetTensorImpl());
    return found == place_.end() ? "" : params_[found->second].path;
  }
  std::optional<StridedView> value(std::size_t param) const override {
    return view_of(params_[param].tensor);
  }
  std::optional<StridedView> gradient(std::size_t param) const override {
    return view_of(params_[param].tensor.grad());
  }
  std::optional<StridedView> result(std::size_t event) const override {
    return view_of(events_[event].result);
  }
  std::optional<StridedView> data(std::size_t event) const override {
    return view_of(events_[event].data);
  }
  double learning_rate() const override {
    if (optimizer_ == nullptr || optimizer_->param_groups().empty()) return kNaN;
    return optimizer_->param_groups()[0].options().get_lr();
  }

 private:
  static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

  /// The operation that is under way.
  struct Call {
    bool is_ours = false;  ///< it reads a parameter, or what comes of one
    at::Tensor read, data;
    std::vector<std::string> frozen;
    std::optional<OpEvent> event;  ///< while the pass is learned
  };
  /// One that is over, while the pass is learned.
  struct Event {
    NodePointer node;
    std::size_t output = 0;  ///< which of the node's outputs its result is
    at::Tensor result, data;
  };
  struct GradientHook;
  struct WayHook;
  struct EndHook;

  bool is_open_here() const { return owner_ == &Listeners::of_thread() && !failed_; }

  void open(bool wanted) {
    if (wanted == is_open_) return;
    is_open_ = wanted;
    auto& all = owner_->open;
    if (wanted) {
      all.push_back(this);
    } else {
      all.erase(std::remove(all.begin(), all.end(), this), all.end());
    }
    Observer::use(wanted ? 1 : -1);
  }
  /// Open while operations are wanted; between before_backward() and the end of that pass they are
  /// not.
  void sync() { open(!failed_ && !in_backward_ && watch_.wants_operations()); }

  void fail(const char* what) noexcept {
    failed_ = true;
    try {
      open(false);
      watch_.session().drop_step();
      events_.clear();
      TORCH_WARN("plumb measures no more, the training goes on: ", what);
    } catch (...) {  // nothing is left to be done
    }
  }

  void look_at(const at::RecordFunction& call) {
    for (const c10::IValue& one : inputs_of(call)) {
      if (one.isTensor()) {
        look_at(one.toTensor());
      } else if (one.isTensorList()) {
        for (const at::Tensor& part : one.toTensorVector()) look_at(part);
      }
    }
    if (!now_.is_ours || (in_pass_ && !watch_.is_learning())) return;
    now_.event = describe_call(call);
    now_.event->read_count = now_.read.defined() ? now_.read.numel() : 0;
    if (std::string_view(call.name()).ends_with("_")) keep_overwritten();
  }
  void look_at(const at::Tensor& tensor) {
    if (!tensor.defined()) return;
    const auto param = place_.find(tensor.unsafeGetTensorImpl());
    if (param != place_.end()) {
      now_.is_ours = true;
      if (!tensor.requires_grad()) now_.frozen.push_back(params_[param->second].path);
      return;
    }
    if (!now_.read.defined()) now_.read = tensor;
    const bool is_known = tensor.requires_grad() && tensor.grad_fn() != nullptr &&
                          known_.count(tensor.grad_fn().get()) > 0;
    if (is_known) {
      now_.is_ours = true;
    } else if (!now_.data.defined()) {
      now_.data = tensor;
    }
  }
  /// What is overwritten and may yet turn out to be a layer's value.
  void keep_overwritten() {
    if (!in_pass_ || !now_.read.defined()) return;
    const Node* const node = now_.read.grad_fn().get();
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (events_[i].node.get() != node || watch_.plan()[i].layer != kNoLayer) continue;
      const at::NoGradGuard no_grad;
      events_[i].result = events_[i].result.detach().clone();
    }
  }

  void take(const at::RecordFunction& call) {
    at::Tensor result;
    std::vector<AutogradNode> further;
    const auto consider = [&](const at::Tensor& one) {
      if (!one.defined() || !one.requires_grad() || one.grad_fn() == nullptr) return;
      if (!result.defined()) {
        result = one;
      } else if (one.grad_fn() != result.grad_fn()) {
        further.push_back(one.grad_fn().get());
      }
    };
    for (const c10::IValue& one : call.outputs()) {
      if (one.isTensor()) {
        consider(one.toTensor());
      } else if (one.isTensorList()) {
        for (const at::Tensor& part : one.toTensorVector()) consider(part);
      }
    }
    if (!result.defined()) return;
    if (!in_pass_) {
      watch_.pass_begins();
      in_pass_ = true;
      if (!watch_.is_recording()) return;
    }
    if (!watch_.is_recording()) return;
    const NodePointer node = result.grad_fn();
    known_.insert(node.get());
    known_.insert(further.begin(), further.end());
    const OpTensors tensors{view_of(result), view_of(now_.read), view_of(now_.data)};
    if (watch_.is_learning()) {
      learn(call, result, node, std::move(further), tensors);
    } else if (const PlannedOp* const op = watch_.next(call.name())) {
      watch_.tell(*op, tensors);
      hook(*op, node, result.output_nr());
    }
  }
  void learn(const at::RecordFunction& call, const at::Tensor& result, const NodePointer& node,
             std::vector<AutogradNode> further, const OpTensors& tensors) {
    if (!now_.event) return;
    OpEvent& event = *now_.event;
    event.node = node.get();
    event.further_nodes = std::move(further);
    event.sizes = result.sizes().vec();
    event.params = std::move(now_.frozen);
    if (now_.data.defined()) {
      event.data = now_.data.unsafeGetTensorImpl();
      if (now_.data.has_storage()) event.data = now_.data.unsafeGetTensorImpl()->data();
      event.data_sizes = now_.data.sizes().vec();
    }
    events_.push_back({node, static_cast<std::size_t>(result.output_nr()), result, now_.data});
    watch_.learn(event, call.name(), tensors);
  }

  void hook(const PlannedOp& op, const NodePointer& node, std::size_t output);
  void hook_all() {
    for (std::size_t i = 0; i < events_.size(); ++i) {
      hook(watch_.plan()[i], events_[i].node, events_[i].output);
    }
  }
  void wait_for_end(Node& root);

  torch::nn::Module& model_;
  torch::optim::Optimizer* optimizer_;
  std::vector<NamedTensor> params_;
  std::unordered_map<const void*, std::size_t> place_;  ///< in params_, by identity
  OpWatch watch_;
  Listeners* owner_ = &Listeners::of_thread();
  bool is_open_ = false, failed_ = false, in_pass_ = false;
  bool in_backward_ = false, is_end_asked_ = false;  ///< of a pass whose end is waited for
  Call now_;
  std::unordered_set<const void*> known_;  ///< nodes of this pass that are ours
  std::vector<Event> events_;
};

/// Autograd keeps hooks as long as its nodes; they are inert once the tap is gone or in another
/// pass.
struct Tap::GradientHook : torch::autograd::FunctionPreHook {
  std::weak_ptr<Tap> tap;
  std::int64_t pass;
  LayerId layer;
  AxisLayout layout;
  std::size_t output;
  GradientHook(std::weak_ptr<Tap> of, std::int64_t in_pass, const PlannedOp& op, std::size_t which)
      : tap(std::move(of)),
        pass(in_pass),
        layer(op.gradient),
        layout(op.gradient_layout),
        output(which) {}
  torch::autograd::variable_list operator()(const torch::autograd::variable_list& grads) override {
    const std::shared_ptr<Tap> alive = tap.lock();
    if (alive && output < grads.size()) alive->gradient(pass, layer, layout, grads[output]);
    return grads;
  }
};

struct Tap::WayHook : torch::autograd::FunctionPostHook {
  std::weak_ptr<Tap> tap;
  std::int64_t pass;
  OpGraph::Way way;
  WayHook(std::weak_ptr<Tap> of, std::int64_t in_pass, OpGraph::Way which)
      : tap(std::move(of)), pass(in_pass), way(std::move(which)) {}
  torch::autograd::variable_list operator()(const torch::autograd::variable_list& given,
                                            const torch::autograd::variable_list&) override {
    const std::shared_ptr<Tap> alive = tap.lock();
    if (alive && way.edge < given.size()) alive->join_way(pass, way, given[way.edge]);
    return given;
  }
};

/// On the node where a backward pass begins: asks to be told of its end.
struct Tap::EndHook : torch::autograd::FunctionPreHook {
  std::weak_ptr<Tap> tap;
  explicit EndHook(std::weak_ptr<Tap> of) : tap(std::move(of)) {}
  torch::autograd::variable_list operator()(const torch::autograd::variable_list& grads) override {
    const std::shared_ptr<Tap> alive = tap.lock();
    if (alive && alive->in_backward_ && !alive->is_end_asked_) {
      alive->careful([&] {
        alive->is_end_asked_ = true;
        torch::autograd::Engine::get_default_engine().queue_callback([held = tap] {
          if (const std::shared_ptr<Tap> still = held.lock()) still->end_backward();
        });
      });
    }
    return grads;
  }
};

inline void Tap::hook(const PlannedOp& op, const NodePointer& node, std::size_t output) {
  if (op.gradient != kNoLayer) {
    node->add_pre_hook(std::make_unique<GradientHook>(weak_from_this(), watch_.pass(), op, output));
  }
  for (const OpGraph::Way& way : op.ways) {
    Node* of = node.get();
    for (const std::size_t edge : way.inside) {
      if (of != nullptr && edge < of->num_outputs()) of = of->next_edge(edge).function.get();
    }
    if (of != nullptr)
      of->add_post_hook(std::make_unique<WayHook>(weak_from_this(), watch_.pass(), way));
  }
}

inline void Tap::wait_for_end(Node& root) {
  root.add_pre_hook(std::make_unique<EndHook>(weak_from_this()));
}

}  // namespace plumb::attach::detail
