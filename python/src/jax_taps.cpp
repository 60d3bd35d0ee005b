// SPDX-License-Identifier: Apache-2.0
#include "python/src/jax_taps.h"

#include <algorithm>
#include <cmath>

#include "plumb/core/error.h"


namespace plumb::python {

namespace nb = nanobind;

namespace {

/// By the number that stands in compiled code, which may outlive them.
std::mutex all_mutex;
std::vector<JaxTaps*> all_taps;

/// A tensor whose axes in front of those that are named count samples too: one axis with the first
/// of these, where that does.
ObservedView with_samples_in_front(const StridedView& x, const std::vector<Axis>& axes) {
  StridedView view = x;
  int front = x.rank - static_cast<int>(axes.size());
  if (front > 0 && !axes.empty() && axes.front() == Axis::sample) {  // row-major
    std::int64_t samples = 1;
    for (int axis = 0; axis <= front; ++axis) samples *= x.sizes[static_cast<std::size_t>(axis)];
    view.rank = static_cast<int>(axes.size());
    for (int axis = 0; axis < view.rank; ++axis) {
      const auto to = static_cast<std::size_t>(axis), from = static_cast<std::size_t>(axis + front);
      view.sizes[to] = x.sizes[from];
      view.strides[to] = x.strides[from];
    }
    view.sizes[0] = samples;
    front = 0;
  }
  std::vector<Axis> all(static_cast<std::size_t>(front), Axis::sample);
  all.insert(all.end(), axes.begin(), axes.end());
  return {view, all};
}

/// By which number every update is its parameter's gradient: the learning rate of plain gradient
/// descent; nullopt where there is no such number. Updates that rounding to the parameter's type
/// may have changed, below 2^-14 of it, say nothing.
std::optional<double> ratio_of_updates(const StepRecord& record, std::size_t params) {
  constexpr double kNear_log2 = 0.01, kLeast_log2 = -14;
  struct Sizes {
    std::optional<double> weight, gradient, update;
  };
  std::vector<Sizes> sizes(params);
  for (const SketchRecord& one : record.sketches) {  // those of an earlier step may stand behind
    if (!one.site.is_of_parameter() || static_cast<std::size_t>(one.site.id) >= params) continue;
    Sizes& of = sizes[static_cast<std::size_t>(one.site.id)];
    auto& size = one.site.role == Role::weight   ? of.weight
                 : one.site.role == Role::update ? of.update
                                                 : of.gradient;
    if (!size) size = one.sketch.true_log2_rms();
  }
  double least = std::numeric_limits<double>::infinity(), most = -least;
  int told = 0;
  for (const Sizes& of : sizes) {
    if (!of.weight || !of.gradient || !of.update || !std::isfinite(*of.update)) continue;
    if (!std::isfinite(*of.gradient) || *of.update - *of.weight < kLeast_log2) continue;
    least = std::min(least, *of.update - *of.gradient);
    most = std::max(most, *of.update - *of.gradient);
    ++told;
  }
  if (told < 2 || most - least > kNear_log2) return std::nullopt;
  return std::exp2(0.5 * (least + most));
}

}  // namespace

JaxTaps* JaxTaps::of(std::int64_t number) {
  const std::lock_guard lock(all_mutex);
  const auto place = static_cast<std::size_t>(number);
  return place < all_taps.size() ? all_taps[place] : nullptr;
}

JaxTaps::JaxTaps(nb::object watcher)
    : owner_(std::move(watcher)), watcher_(*nb::cast<Watcher*>(owner_)) {
  const std::lock_guard lock(all_mutex);
  number_ = static_cast<std::int64_t>(all_taps.size());
  all_taps.push_back(this);
}

JaxTaps::~JaxTaps() {
  const std::lock_guard lock(all_mutex);
  all_taps[static_cast<std::size_t>(number_)] = nullptr;
}

template <class Work>
void JaxTaps::guarded(const Work& work) {
  const std::lock_guard lock(mutex_);
  if (error_ || watcher_.session.has_ended()) return;
  try {
    work();
  } catch (const std::exception& error) {
    error_ = error.what();
    watcher_.session.drop_step();
  }
}

std::int64_t JaxTaps::add_site(LayerId layer, const std::vector<int>& axes, bool is_gradient,
                               const std::string& function) {
  const std::lock_guard lock(mutex_);
  Site site;
  site.layer = layer;
  site.is_gradient = is_gradient;
  for (const int axis : axes) site.axes.push_back(static_cast<Axis>(axis));
  site.rank = static_cast<int>(axes.size());
  if (!function.empty()) site.judge = std::make_shared<DerivativeJudge>(function);
  sites_.push_back(std::move(site));
  return static_cast<std::int64_t>(sites_.size() - 1);
}

std::int64_t JaxTaps::add_param(ParamId param, int rank) {
  const std::lock_guard lock(mutex_);
  Site site;
  site.param = param;
  site.rank = rank;
  site.is_gradient = true;
  sites_.push_back(std::move(site));
  params_.push_back(param);
  param_sites_.push_back(static_cast<std::int64_t>(sites_.size() - 1));
  return static_cast<std::int64_t>(sites_.size() - 1);
}

void JaxTaps::close_step() {
  if (!watcher_.session.in_step()) return;
  if (saw_gradient_ || (!watcher_.session.is_measuring() && saw_loss_)) {
    watcher_.session.end_step();
  } else {
    watcher_.session.drop_step();  // the loss alone was asked for
    --begun_;
  }
}

std::int64_t JaxTaps::position_of(std::int32_t device) const {
  const auto found = positions_.find(device);
  if (found == positions_.end()) throw ShapeError("a device computes that began no step");
  return found->second;
}

std::optional<std::vector<SpreadTensor>> JaxTaps::gather(std::int64_t site, std::int64_t position,
                                                         const std::vector<StridedView>& parts,
                                                         Spread spread, bool is_one_each) {
  const Key key{site, calls_[{site, position}]++};
  Parts& open = open_[key];
  open.tensors.resize(parts.size());
  const std::int64_t devices = spread.devices();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].data != nullptr) open.tensors[i].add(parts[i], spread, position);
    if (is_one_each) spread = spread.next();
  }
  if (++open.callers < devices) return std::nullopt;
  std::vector<SpreadTensor> whole = std::move(open.tensors);
  open_.erase(key);
  return whole;
}

void JaxTaps::begin(const std::vector<StridedView>& params, Mode mode, const Caller& caller,
                    std::int64_t position) {
  guarded([&] {
    if (caller.spread == nullptr) {
      begin_whole(params, mode);
      return;
    }
    const auto known = positions_.emplace(caller.device, position).first;
    if (known->second != position) {  // another mesh than before
      if (open_.empty()) positions_.clear();
      positions_[caller.device] = position;
    }
    const auto whole = gather(kParams, position, params, Spread(caller.spread), true);
    if (!whole) return;
    std::vector<StridedView> views;
    for (const SpreadTensor& one : *whole) views.push_back(one.whole());
    begin_whole(views, mode);
  });
}

void JaxTaps::begin_whole(const std::vector<StridedView>& given, Mode mode) {
  // The same for every loss that is computed, or there are several trainings.
  std::vector<StridedView> params = given;
  const std::size_t count = std::min(params.size(), params_.size());
  for (std::size_t i = 0; i < count; ++i) {
    const int rank = sites_[static_cast<std::size_t>(param_sites_[i])].rank;
    if (params[i].data == nullptr || params[i].rank <= rank) continue;
    if (!is_same_along_front(params[i], rank)) {
      throw UsageError(
          "parameters are not the same for every loss that vmap, pmap or shard_map(check_vma=False) "
          "computes at once: these are several trainings, or one whose parameters are split in a "
          "way that nothing tells");
    }
    StridedView one = params[i];
    one.rank = rank;
    const int front = params[i].rank - rank;
    for (int axis = 0; axis < rank; ++axis) {
      const auto at = static_cast<std::size_t>(axis), from = static_cast<std::size_t>(axis + front);
      one.sizes[at] = params[i].sizes[from];
      one.strides[at] = params[i].strides[from];
    }
    params[i] = one;
  }
  Session& session = watcher_.session;
  if (session.in_step() && session.is_measuring() && saw_gradient_) {
    for (std::size_t i = 0; i < count; ++i) {
      if (params[i].data != nullptr) updates_.tell(session.recorder(), params_[i], params[i]);
    }
    if (learning_rate == 0) note_rate();
  }
  close_step();
  updates_.begin();
  open_.clear();
  calls_.clear();
  saw_gradient_ = saw_loss_ = false;
  const std::optional<bool> measure =
      mode == by_schedule ? std::nullopt : std::optional(mode == measured);
  if (!session.begin_step(begun_++, measure)) return;
  const bool compare = session.recorder().is_symmetry_due();
  for (std::size_t i = 0; i < count; ++i) {
    if (params[i].data == nullptr) continue;
    session.recorder().parameter(params_[i], Role::weight, ObservedView(params[i]));
    if (compare && params[i].rank >= 2 &&
        session.draft().param(params_[i]).use == ParamUse::weight) {
      session.recorder().symmetry(params_[i], params[i], params[i].rank - 1);
    }
    updates_.keep(params_[i], params[i]);
  }
}

void JaxTaps::note_rate() {
  const auto rate = ratio_of_updates(watcher_.session.record(), params_.size());
  if (!rate) return;
  watcher_.session.record().learning_rate = *rate;
  RunInfo& draft = watcher_.session.draft();
  if (!draft.optimiser.empty()) return;
  OptimiserInfo info;
  info.kind = draft.optimiser = "sgd";
  info.learning_rate = *rate;
  draft.optimiser_info = info;
  watcher_.session.touch();
}

void JaxTaps::tap(std::int64_t number, const StridedView& x, const StridedView* z,
                  const Caller& caller, std::int64_t shares) {
  guarded([&] {
    if (number < 0 || number >= static_cast<std::int64_t>(sites_.size())) return;
    saw_gradient_ = saw_gradient_ || sites_[static_cast<std::size_t>(number)].is_gradient;
    const Session& session = watcher_.session;
    if (!session.in_step() || !session.is_measuring()) return;
    if (caller.spread == nullptr) {
      tap_whole(number, x, z, shares);
      return;
    }
    std::vector<StridedView> parts{x};
    if (z != nullptr) parts.push_back(*z);
    const auto whole =
        gather(number, position_of(caller.device), parts, Spread(caller.spread), false);
    if (!whole) return;
    tap_whole(number, whole->front().whole(), z == nullptr ? nullptr : &whole->back().whole(),
              shares);
  });
}

void JaxTaps::tap_whole(std::int64_t number, const StridedView& x, const StridedView* z,
                        std::int64_t shares) {
  const Site& site = sites_[static_cast<std::size_t>(number)];
  Recorder& recorder = watcher_.session.recorder();
  const int front = x.rank - site.rank;
  if (front < 0) return;
  std::int64_t losses = shares;
  for (int axis = 0; axis < front; ++axis) losses *= x.sizes[static_cast<std::size_t>(axis)];
  if (site.param != kNoParam) {
    const double divided = -std::log2(static_cast<double>(shares));
    if (front == 0) {
      recorder.parameter(site.param, Role::grad_weight, ObservedView(x).scaled(divided));
    } else {
      const MeanTensor mean(x, site.rank);
      recorder.parameter(site.param, Role::grad_weight, ObservedView(mean.mean()).scaled(divided));
    }
    return;
  }
  const ObservedView view = with_samples_in_front(x, site.axes);
  if (site.is_gradient) {
    recorder.gradient(site.layer, view.scaled(-std::log2(static_cast<double>(losses))));
    return;
  }
  recorder.output(site.layer, view);
  if (!told_inputs_ && watcher_.session.draft().layer(site.layer).family == LayerFamily::input) {
    note_inputs(view);
  }
  if (site.judge && z != nullptr && z->rank == x.rank) {
    site.judge->tell(recorder, site.layer, with_samples_in_front(*z, site.axes), false);
  }
}

// Of each column of the first inputs that are measured, as plumb.watch does for PyTorch.
void JaxTaps::note_inputs(const ObservedView& view) {
  constexpr std::int64_t kFewestValues = 8, kMostColumns = 4096;
  told_inputs_ = true;
  const std::int64_t width = view.values.rank < 2 ? 0 : view.values.sizes[view.values.rank - 1];
  const std::int64_t rows = width == 0 ? 0 : view.values.size() / width;
  if (width == 0 || width > kMostColumns || rows < kFewestValues) return;
  std::vector<double> values(static_cast<std::size_t>(view.values.size()));
  KeptReader reader(view);
  for (std::size_t got = 0; got < values.size();) got += reader.next(std::span(values).subspan(got));
  DataInfo data;
  for (std::int64_t column = 0; column < width; ++column) {
    ColumnInfo& to = data.inputs.emplace_back();
    double sum = 0, squares = 0;
    to.smallest = std::numeric_limits<double>::infinity();
    to.largest = -to.smallest;
    for (std::int64_t row = 0; row < rows; ++row) {
      const double x = values[static_cast<std::size_t>(row * width + column)];
      if (!std::isfinite(x)) return;
      sum += x;
      to.smallest = std::min(to.smallest, x);
      to.largest = std::max(to.largest, x);
    }
    to.mean = sum / static_cast<double>(rows);
    for (std::int64_t row = 0; row < rows; ++row) {
      const double d = values[static_cast<std::size_t>(row * width + column)] - to.mean;
      squares += d * d;
    }
    to.deviation = std::sqrt(squares / static_cast<double>(rows));
  }
  watcher_.session.draft().data_info = std::move(data);
  watcher_.session.touch();
}

void JaxTaps::loss(const StridedView& x, const Caller& caller) {
  guarded([&] {
    if (caller.spread == nullptr) {
      loss_whole(x);
      return;
    }
    const auto whole =
        gather(kLoss, position_of(caller.device), {x}, Spread(caller.spread), false);
    if (whole) loss_whole(whole->front().whole());
  });
}

void JaxTaps::loss_whole(const StridedView& x) {
  saw_loss_ = true;
  if (!watcher_.session.in_step() || x.size() == 0) return;
  const MeanTensor mean(x, 0);
  double value;
  KeptReader(ObservedView(mean.mean())).next(std::span(&value, 1));
  watcher_.session.record().loss = value;
  watcher_.session.record().learning_rate = learning_rate;
}

template <class Number>
void JaxTaps::targets(std::int64_t part, const Number* values, std::vector<std::int64_t> sizes) {
  guarded([&] {
    if (!watcher_.session.in_step() || !watcher_.session.is_measuring()) return;
    std::size_t count = 1;
    for (const std::int64_t size : sizes) count *= static_cast<std::size_t>(size);
    if (kept_targets_ + count > kMostTargets) return;
    kept_targets_ += count;
    targets_.push_back({part, std::move(sizes), {values, values + count}});
  });
}

template void JaxTaps::targets(std::int64_t, const std::int32_t*, std::vector<std::int64_t>);
template void JaxTaps::targets(std::int64_t, const float*, std::vector<std::int64_t>);

std::vector<JaxTaps::Targets> JaxTaps::take_targets() {
  const std::lock_guard lock(mutex_);
  kept_targets_ = 0;
  return std::exchange(targets_, {});
}

void JaxTaps::set_baseline(const Baseline& baseline) {
  guarded([&] {
    watcher_.session.draft().baseline = baseline;
    watcher_.session.touch();
  });
}

void JaxTaps::add_labels(const std::vector<std::int32_t>& labels) {
  guarded([&] {
    Session& session = watcher_.session;
    if (watcher_.targets.add_labels(labels, true, session.draft())) session.touch();
  });
}

void JaxTaps::add_values(const std::vector<float>& rows, std::size_t columns) {
  guarded([&] {
    Session& session = watcher_.session;
    if (watcher_.targets.add_values(rows, columns, true, session.draft())) session.touch();
  });
}

void JaxTaps::end() {
  guarded([&] { close_step(); });
}

}  // namespace plumb::python
