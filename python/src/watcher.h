// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "plumb/attach/derivative.h"
#include "plumb/attach/session.h"
#include "plumb/attach/update_reader.h"
#include "python/src/tensor_reader.h"

namespace plumb::python {

/// What the hooks of one watched PyTorch model share: the session, and which of its tensors count
/// now. Python decides; the hooks only look.
class Watcher {
 public:
  explicit Watcher(const SessionOptions& options) : session(options) {}

  /// A failure of ours: told to Python once, which warns; nothing is measured from then on.
  void fail(const std::string& what) noexcept;
  bool measures() const { return recording && !failed; }

  /// Every parameter before the update: values, gradients, a copy. `entries`: (id, tensor, compare
  /// rows along this axis or -1).
  void before_update(nanobind::list entries, double log2_scale);
  /// And after it: what was added.
  void after_update(nanobind::list entries);

  Session session;
  bool recording = false;    ///< a measured step is open
  bool in_forward = false;   ///< the watched model computes, in training, with gradients
  bool in_backward = false;  ///< a backward pass runs
  bool learning = false;     ///< each call is shown to `learn`, which finds out the graph
  bool failed = false;
  std::int64_t pass = 0;  ///< counts forward passes of the root, so that hooks count their calls
  double flow_log2_scale = 0;
  nanobind::object learn;    ///< (hook, call index, module, arguments, output)
  nanobind::object on_fail;  ///< (text)

 private:
  UpdateReader updates_;
};

/// Registers Watcher and the hook types.
void bind_watcher(nanobind::module_& module);

}  // namespace plumb::python
