// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "python/src/watcher.h"

namespace plumb::python {

/// What compiled JAX code tells while it runs: foreign functions that hand a tensor on unchanged
/// and show it to the recorder of a Watcher.
///
/// A step begins with begin(), which is shown the parameters; the step before ends then, since its
/// update is known now. What a site is, is told before the code is compiled; in it stands a number.
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
  std::int64_t add_param(ParamId param);

  enum Mode : std::int64_t { plain, measured, by_schedule };
  void begin(const std::vector<StridedView>& params, Mode mode);
  void tap(std::int64_t site, const StridedView& x, const StridedView* z);
  void loss(double value);
  /// Ends the step that is open.
  void end();

  std::int64_t number() const { return number_; }
  std::int64_t begun() const { return begun_; }
  std::optional<std::string> error() const { return error_; }

 private:
  struct Site {
    LayerId layer = kNoLayer;
    ParamId param = kNoParam;
    bool is_gradient = false;
    std::vector<Axis> axes;
    std::shared_ptr<DerivativeJudge> judge;
  };
  template <class Work>
  void guarded(const Work& work);
  void close_step();

  nanobind::object owner_;
  Watcher& watcher_;
  std::mutex mutex_;
  std::vector<Site> sites_;
  std::vector<ParamId> params_;
  UpdateReader updates_;
  std::optional<std::string> error_;
  std::int64_t number_, begun_ = 0;
  bool saw_gradient_ = false, saw_loss_ = false;
};

void bind_jax_taps(nanobind::module_& module);

}  // namespace plumb::python
