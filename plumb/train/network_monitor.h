// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "plumb/monitor/monitor.h"
#include "plumb/train/probe.h"

namespace plumb {

/// A Monitor of a Network that its owner trains: hand its observers to the passes and to the
/// optimiser, and say what the loss was.
///
///   NetworkMonitor monitor(network, {.record = "every=10"});
///   for (std::int64_t i = 0; i < steps; ++i) {
///     auto step = monitor.step(i);
///     const Context context{Mode::train, i, threads, step.time()};
///     network.forward(context, step.pass());
///     ...
///     network.backward(context, step.pass());
///     optimiser->step(network.params(), rate, 1, 0, threads, step.update());
///     step.loss(loss);
///   }
///   monitor.findings();
///
/// The observers are null where the step is not due, which is what all of them take for nobody.
/// `about` is what else is known of the run (data, loss, planned steps); its graph is the
/// network's.
/// Errors  as of Monitor and Probe. The network must be planned, and stay where it is.
/// Threads Use one object from one thread at a time.
class NetworkMonitor {
 public:
  explicit NetworkMonitor(const Network& network, const MonitorOptions& options = {},
                          const RunInfo& about = {});
  explicit NetworkMonitor(const Network&&, const MonitorOptions& = {},
                          const RunInfo& = {}) = delete;  ///< would dangle

  /// The scope of one training step; see Monitor::Step.
  class Step : public Monitor::Step {
   public:
    PassObserver* pass() const { return probe_; }
    TimeObserver* time() const { return probe_; }
    UpdateObserver* update() const { return probe_; }
    /// Of a step without an optimiser: the values and gradients of all parameters, after the
    /// backward pass.
    void parameters() const {
      if (probe_ != nullptr) probe_->on_parameters();
    }

   private:
    friend class NetworkMonitor;
    Step(Monitor& monitor, std::int64_t index, Probe& probe)
        : Monitor::Step(monitor, index), probe_(*this ? &probe : nullptr) {
      if (probe_ != nullptr) probe_->start();
    }
    Probe* probe_;
  };
  Step step(std::int64_t index) { return {monitor_, index, probe_}; }

  std::optional<Reach> reach() const { return monitor_.reach(); }
  const std::vector<Finding>& findings() const { return monitor_.findings(); }
  const Run& run() { return monitor_.run(); }
  Monitor& monitor() { return monitor_; }

 private:
  Monitor monitor_;
  Probe probe_;
};

}  // namespace plumb
