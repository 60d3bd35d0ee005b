// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plumb/attach/derivative.h"
#include "plumb/attach/op_graph.h"
#include "plumb/attach/session.h"
#include "plumb/attach/update_reader.h"

namespace plumb {

/// What is asked of a framework while its training is watched operation by operation. Parameters by
/// their place in the list that the OpWatch was given. nullopt: not there, or not to be read.
class TrainingReader : public AutogradReader {
 public:
  virtual std::optional<StridedView> value(std::size_t param) const = 0;
  virtual std::optional<StridedView> gradient(std::size_t param) const = 0;
  /// What the operation of that number gave in the pass that is learned, as it was then.
  virtual std::optional<StridedView> result(std::size_t event) const = 0;
  /// What it was given from outside.
  virtual std::optional<StridedView> data(std::size_t event) const = 0;
  virtual double learning_rate() const = 0;  ///< NaN where it is not known
};

/// One operation as it ended: its tensors, where they can be read.
struct OpTensors {
  std::optional<StridedView> result;
  std::optional<StridedView> read;  ///< the first that it reads
  std::optional<StridedView> data;  ///< the first that comes from outside
};

/// Which operations of a pass are measured, and how: found out in the first one, so that later ones
/// are told without looking at the graph. A pass with other operations is found out anew.
struct PlannedOp {
  const char* name = nullptr;  ///< as the framework gives it, whose address says it too
  LayerId layer = kNoLayer;    ///< whose value it gives
  AxisLayout layout = AxisLayout::rows;
  LayerId gradient = kNoLayer;  ///< whose gradient comes to its node
  AxisLayout gradient_layout = AxisLayout::rows;
  LayerId input = kNoLayer;  ///< of which it is the first to read
  AxisLayout input_layout = AxisLayout::rows;
  std::shared_ptr<DerivativeJudge> judge;
  std::vector<OpGraph::Way> ways;
};

/// A training whose framework shows operations and autograd's nodes, but no calls of modules and no
/// steps of the optimiser: the steps of a run, from what is seen.
///
///   pass_begins();                        // the first operation of a forward pass
///   if (is_learning()) learn(event, ...)  // each operation
///   else tell(next(name), ...)
///   before_backward(loss, node)           // once a backward pass
///   after_backward()                      // its end, in steps that are measured
///   after_step()                          // the optimiser has stepped, if the caller says so
///
/// Where nobody calls after_step(), a step is over when the next forward or backward pass begins
/// and parameters have changed since the last one, or their gradients were reset: several passes
/// between are one step. With after_step(), steps of several passes are known by the first of them.
/// Gradients are without it those that the backward passes left (before clipping),
/// otherwise those that the optimiser used.
///
/// Errors  As Session; the caller switches off after one.
/// Threads Use one object from one thread.
class OpWatch {
 public:
  OpWatch(const SessionOptions& options, const TrainingReader& reader,
          std::vector<ModuleFacts> modules, std::vector<ParamFacts> params);

  Session& session() { return session_; }
  /// The operations of what computes next are to be shown.
  bool wants_operations() const;
  bool is_learning() const { return learning_; }
  /// A measured step is open.
  bool is_recording() const { return session_.is_measuring(); }
  /// Counts steps and passes: what was hooked for another one is of no use any more.
  std::int64_t pass() const { return pass_; }

  void pass_begins();
  void learn(const OpEvent& event, const char* name, const OpTensors& tensors);
  /// What is planned for the next operation; nullptr for one that comes before those of the plan.
  /// Where the pass is another than was learned the step is not measured, and passes are learned
  /// anew from the next step on that is due.
  const PlannedOp* next(const char* name);
  void tell(const PlannedOp& op, const OpTensors& tensors);

  void before_backward(double loss, AutogradNode root);
  /// By the number of the operation in its pass.
  std::span<const PlannedOp> plan() const { return plan_; }
  void gradient(LayerId layer, const StridedView& values, AxisLayout layout);
  void join_way(const OpGraph::Way& way, const StridedView& values);
  void after_backward();
  void after_step();

  /// Ends the step if it is complete, so that all that was seen is in the run.
  void settle();
  void close(const std::string& reason);
  std::vector<std::string> notes() const { return graph_.notes(); }

 private:
  void open(std::optional<bool> measure);
  void end_step();
  bool has_stepped() const;
  void tell_new(OpGraph::OpId id);
  void tell_derivative(const PlannedOp& op, const OpTensors& tensors);
  void make_plan();
  void keep_sentinels();
  void tell_gradients();
  void drop_measurement();
  void begin_further_pass();

  const TrainingReader& reader_;
  Session session_;
  OpGraph graph_;
  UpdateReader updates_;
  std::vector<PlannedOp> plan_;
  std::vector<AutogradNode> nodes_;    ///< by event of the pass that is learned
  std::vector<std::size_t> event_of_;  ///< by Op; of an input: of its first reader
  struct Sentinel {
    std::size_t param = 0;
    std::vector<unsigned char> bytes;
  };
  std::vector<Sentinel> sentinels_;
  std::size_t next_ = 0;
  std::int64_t step_ = 0, pass_ = 0;
  double losses_ = 0;
  bool learning_ = false, must_learn_ = true, learns_always_ = false;
  bool in_forward_ = false, saw_forward_ = false, saw_backward_ = false;
  bool told_weights_ = false, told_gradients_ = false, uses_after_step_ = false;
  bool is_further_ = false;     ///< a pass of the open step whose first operation is still to come
  bool accumulates_ = false;    ///< a step has had several backward passes
  std::int64_t backwards_ = 0;  ///< of the open step
};

}  // namespace plumb
