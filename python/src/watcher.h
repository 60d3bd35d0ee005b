// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plumb/attach/derivative.h"
#include "plumb/attach/seen_targets.h"
#include "plumb/attach/session.h"
#include "plumb/attach/update_reader.h"
#include "python/src/tensor_reader.h"

namespace plumb::python {

/// A parameter of the watched model: compared row by row along `axis`, or not where that is -1.
struct ParamEntry {
  ParamId id = kNoParam;
  nanobind::object tensor;
  int axis = -1;
};
struct ParamEntries {
  std::vector<ParamEntry> all;
};

/// What the hooks of one watched PyTorch model share: the session, and which of its tensors count
/// now. Python decides; the hooks only look.
class Watcher {
 public:
  explicit Watcher(const SessionOptions& options) : session(options) {}

  /// A failure of ours: told to Python once, which warns; nothing is measured from then on.
  void fail(const std::string& what) noexcept;
  bool measures() const { return recording && !failed; }

  /// Every parameter before the update: values, gradients, a copy. can_replay: after_update() can be
  /// told what the optimiser adds. Returns the places of the entries of which it has to be, whose
  /// updates are seldom rounded away: there is no copy of those.
  std::vector<std::size_t> before_update(const ParamEntries& entries, double log2_scale,
                                         bool can_replay);
  /// And after it: what was added. `replays`: of each of those places (tensor, factor), factor < 0,
  /// of which the product is the update; nothing where before_update() was told that there are none.
  void after_update(const ParamEntries& entries, std::optional<nanobind::list> replays);

  /// A tensor, where it can be read here; else it is shown to `device`.
  std::optional<ObservedView> read(PyObject* tensor, Layout layout, double log2_scale = 0) const {
    return forces_device ? std::nullopt : TensorReader::read(tensor, layout, log2_scale);
  }
  std::optional<StridedView> read(PyObject* tensor) const {
    return forces_device ? std::nullopt : TensorReader::read(tensor);
  }
  bool has_device() const { return device.is_valid() && !device.is_none(); }

  Session session;
  SeenTargets targets;
  bool recording = false;    ///< a measured step is open
  bool in_forward = false;   ///< the watched model computes, in training, with gradients
  bool in_backward = false;  ///< a backward pass runs
  bool learning = false;     ///< each call is shown to `learn`, which finds out the graph
  bool failed = false;
  std::int64_t pass = 0;  ///< counts forward passes of the root, so that hooks count their calls
  double flow_log2_scale = 0;
  bool is_timed = false;  ///< the hooks' time is taken
  double own_s = 0;       ///< which is this
  nanobind::object learn;    ///< (hook, call index, module, arguments, output)
  nanobind::object on_fail;  ///< (text)
  nanobind::object device;   ///< records tensors that are not in our memory: plumb._torch.device
  bool forces_device = false;  ///< of tensors on the CPU too: for tests

 private:
  /// The update that was measured last was larger than its parameter's values * 2^-18: what
  /// rounding to float takes of it then changes its rms by less than 1e-5 of itself.
  static constexpr double kLeastReplayed_log2 = -18;
  struct Replay {
    bool is_safe = false, is_due = false;
    double log2_weight = 0;
    double log2_update = -std::numeric_limits<double>::infinity();
  };
  Replay& replay(ParamId id);
  void note_sizes();

  UpdateReader updates_;
  std::vector<Replay> replays_;  ///< by parameter
};

/// Adds the time of a scope to the watcher's own, of the processor where the system tells that of a
/// thread: what others take of it then is no cost of ours.
class OwnTime {
 public:
  explicit OwnTime(Watcher& watcher)
      : watcher_(watcher), is_taken_(watcher.is_timed), begin_s_(is_taken_ ? now_s() : 0) {}
  ~OwnTime() {
    if (is_taken_) watcher_.own_s += now_s() - begin_s_;
  }
  OwnTime(const OwnTime&) = delete;
  OwnTime& operator=(const OwnTime&) = delete;

 private:
  static double now_s();
  Watcher& watcher_;
  bool is_taken_;
  double begin_s_;
};

/// Registers Watcher and the hook types.
void bind_watcher(nanobind::module_& module);

}  // namespace plumb::python
