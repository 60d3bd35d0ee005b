// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "python/src/spread.h"
#include "python/src/watcher.h"

namespace plumb::python {

/// What compiled JAX code tells while it runs: foreign functions that hand a tensor on unchanged
/// and show it to the recorder of a Watcher.
///
/// A step begins with begin(), which is shown the parameters; the step before ends then, since its
/// update is known now. What a site is, is told before the code is compiled; in it stands a number.
///
/// Where several devices compute a step together, each calls with its part, and what a part is comes
/// with the call (Spread): the recorder is shown the whole, once all parts are there. Axes in front
/// of those that a site has are of vmap, or of devices that compute a loss each: samples, and the
/// loss is the mean over them, so that gradients are divided by their number.
/// Threads Any thread calls the taps; one at a time gets in.
/// Errors  What fails within is kept for error(), and nothing is measured any more.
class JaxTaps {
 public:
  explicit JaxTaps(nanobind::object watcher);
  ~JaxTaps();
  JaxTaps(const JaxTaps&) = delete;
  JaxTaps& operator=(const JaxTaps&) = delete;

  /// axes: of each axis of the tensor, a number of core/axis.h; function: of an activation, which
  /// is told its input too, or "". Returns the number of the site.
  std::int64_t add_site(LayerId layer, const std::vector<int>& axes, bool is_gradient,
                        const std::string& function);
  /// The gradient of a parameter; in the order in which begin() is shown the parameters.
  std::int64_t add_param(ParamId param, int rank);

  enum Mode : std::int64_t { plain, measured, by_schedule };
  /// Who calls, where several do: a device, and how they share the tensor.
  struct Caller {
    std::int32_t device = 0;  ///< its ordinal
    const std::int32_t* spread = nullptr;
  };
  /// position: of the caller in the mesh; its spread: the parameters', one behind the other.
  void begin(const std::vector<StridedView>& params, Mode mode, const Caller& caller,
             std::int64_t position);
  /// shares: what the loss is divided by that the gradients are of.
  void tap(std::int64_t site, const StridedView& x, const StridedView* z,
           const Caller& caller, std::int64_t shares);
  void loss(const StridedView& x, const Caller& caller);
  /// What the loss of a measured step is compared with, row-major; kept for take_targets(). Where
  /// nobody takes them, no more than kMostTargets numbers are. part: 0, or 1 of their weights.
  template <class Number>
  void targets(std::int64_t part, const Number* values, std::vector<std::int64_t> sizes);
  /// Part, shape and numbers of each target since the last call.
  struct Targets {
    std::int64_t part;
    std::vector<std::int64_t> sizes;
    std::vector<double> values;
  };
  std::vector<Targets> take_targets();
  /// As a Watcher's, while others may call.
  void set_baseline(const Baseline& baseline);
  void add_labels(const std::vector<std::int32_t>& labels);
  void add_values(const std::vector<float>& rows, std::size_t columns);
  /// Ends the step that is open.
  void end();

  double learning_rate = 0;  ///< of every step

  /// Those of the number, or null once they are gone.
  static JaxTaps* of(std::int64_t number);
  std::int64_t number() const { return number_; }
  std::int64_t begun() const { return begun_; }
  std::optional<std::string> error() const { return error_; }

 private:
  struct Site {
    LayerId layer = kNoLayer;
    ParamId param = kNoParam;
    int rank = 0;
    bool is_gradient = false;
    std::vector<Axis> axes;
    std::shared_ptr<DerivativeJudge> judge;
  };
  /// What is not together yet: the tensors of one call by every device.
  struct Parts {
    std::vector<SpreadTensor> tensors;
    std::int64_t callers = 0;
  };
  /// Of a site, or of what has none.
  using Key = std::pair<std::int64_t, std::int64_t>;  ///< site, and which of its calls in the step
  static constexpr std::int64_t kLoss = -1, kParams = -2;
  static constexpr std::size_t kMostTargets = 1 << 20;

  template <class Work>
  void guarded(const Work& work);
  void close_step();
  std::int64_t position_of(std::int32_t device) const;
  /// Adds the parts of a caller; the wholes once all are there.
  std::optional<std::vector<SpreadTensor>> gather(std::int64_t site, std::int64_t position,
                                                  const std::vector<StridedView>& parts,
                                                  Spread spread, bool is_one_each);
  void begin_whole(const std::vector<StridedView>& params, Mode mode);
  void tap_whole(std::int64_t site, const StridedView& x, const StridedView* z,
                 std::int64_t shares);
  void loss_whole(const StridedView& x);
  void note_inputs(const ObservedView& view);
  void note_rate();

  nanobind::object owner_;
  Watcher& watcher_;
  std::mutex mutex_;
  std::vector<Site> sites_;
  std::vector<ParamId> params_;
  std::vector<std::int64_t> param_sites_;
  UpdateReader updates_;
  std::map<std::int32_t, std::int64_t> positions_;       ///< in the mesh, by device
  std::map<Key, Parts> open_;
  std::map<Key, std::int64_t> calls_;  ///< by site and position, in this step
  std::vector<Targets> targets_;
  std::size_t kept_targets_ = 0;
  std::optional<std::string> error_;
  std::int64_t number_, begun_ = 0;
  bool saw_gradient_ = false, saw_loss_ = false, told_inputs_ = false;
};

void bind_jax_taps(nanobind::module_& module);

}  // namespace plumb::python
