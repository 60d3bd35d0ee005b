// SPDX-License-Identifier: Apache-2.0
#include "python/src/jax_taps.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>

#include "plumb/core/error.h"

#include "python/src/xla_ffi.h"

namespace plumb::python {

namespace nb = nanobind;

namespace {

/// By the number that stands in compiled code, which may outlive them.
std::mutex all_mutex;
std::vector<JaxTaps*> all_taps;

JaxTaps* taps_of(std::int64_t number) {
  const std::lock_guard lock(all_mutex);
  const auto place = static_cast<std::size_t>(number);
  return place < all_taps.size() ? all_taps[place] : nullptr;
}

std::optional<StridedView> view_of(const xla::Buffer& buffer) {
  StridedView view;
  switch (buffer.type) {
    case xla::f16: view.type = ElementType::f16; break;
    case xla::bf16: view.type = ElementType::bf16; break;
    case xla::f32: view.type = ElementType::f32; break;
    case xla::f64: view.type = ElementType::f64; break;
    default: return std::nullopt;
  }
  if (buffer.rank > StridedView::kMaxRank) return std::nullopt;
  view.data = buffer.data;
  view.rank = static_cast<int>(buffer.rank);
  std::int64_t stride = 1;
  for (int i = view.rank - 1; i >= 0; --i) {
    const auto at = static_cast<std::size_t>(i);
    view.sizes[at] = buffer.sizes[i];
    view.strides[at] = stride;
    stride *= buffer.sizes[i];
  }
  return view;
}

std::int64_t attribute(const xla::CallFrame& frame, std::string_view name) {
  const xla::Attributes& all = frame.attributes;
  for (std::int64_t i = 0; i < all.count; ++i) {
    if (std::string_view(all.names[i]->text, all.names[i]->length) == name) {
      std::int64_t value;
      std::memcpy(&value, static_cast<const xla::Scalar*>(all.values[i])->value, sizeof value);
      return value;
    }
  }
  return -1;
}

/// XLA asks once what a handler is, and calls it in stages of which we have one.
bool is_execution(xla::CallFrame* frame) {
  constexpr int kMetadata = 1, kExecute = 3;
  for (xla::Extension* one = frame->extension; one != nullptr; one = one->next) {
    if (one->type != kMetadata) continue;
    xla::Metadata& metadata = *reinterpret_cast<xla::MetadataExtension*>(one)->metadata;
    metadata.version.major = 0;
    metadata.version.minor = 1;
    metadata.traits = 0;
    return false;
  }
  return frame->stage == kExecute;
}

std::int64_t size_of(const StridedView& view) { return view.size() * size_bytes(view.type); }

/// The device that calls; 0 where the table has no such question, as before jaxlib 0.8.
std::int32_t ordinal_of(const xla::CallFrame& frame) {
  if (frame.api == nullptr || frame.api->struct_size < sizeof(xla::Api)) return 0;
  xla::OrdinalRequest request{sizeof(xla::OrdinalRequest), nullptr, frame.context, 0};
  return frame.api->ordinal(&request) == nullptr ? request.ordinal : 0;
}

/// With a spread, which stands last, where code is compiled for several devices.
JaxTaps::Caller caller_of(const xla::CallFrame& frame) {
  if (attribute(frame, "shared") <= 0) return {};
  const xla::Buffers& given = frame.arguments;
  return {ordinal_of(frame),
          static_cast<const std::int32_t*>(given.buffers[given.count - 1]->data)};
}

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

/// What is handed on unchanged: the first argument, as the first result.
std::optional<StridedView> hand_on(const xla::CallFrame& frame) {
  const auto x = view_of(*frame.arguments.buffers[0]);
  if (!x) return std::nullopt;
  void* const to = frame.results.buffers[0]->data;
  if (to != x->data) std::memcpy(to, x->data, static_cast<std::size_t>(size_of(*x)));
  return x;
}

/// (x, token[, z][, spread]) -> x
void* handle_tap(xla::CallFrame* frame) {
  if (!is_execution(frame)) return nullptr;
  const auto x = hand_on(*frame);
  if (!x) return nullptr;
  if (JaxTaps* const taps = taps_of(attribute(*frame, "run"))) {
    const JaxTaps::Caller caller = caller_of(*frame);
    const xla::Buffers& given = frame->arguments;
    const bool has_z = given.count > (caller.spread != nullptr ? 3 : 2);
    const auto z = has_z ? view_of(*given.buffers[2]) : std::nullopt;
    taps->tap(attribute(*frame, "site"), *x, z ? &*z : nullptr, caller,
              std::max<std::int64_t>(1, attribute(*frame, "shares")));
  }
  return nullptr;
}

/// (parameter ...[, position, spread]) -> token
void* handle_begin(xla::CallFrame* frame) {
  if (!is_execution(frame)) return nullptr;
  const xla::Buffer& token = *frame->results.buffers[0];
  std::int64_t tokens = 1;
  for (std::int64_t i = 0; i < token.rank; ++i) tokens *= token.sizes[i];
  std::fill_n(static_cast<float*>(token.data), tokens, 0.0f);
  if (JaxTaps* const taps = taps_of(attribute(*frame, "run"))) {
    const JaxTaps::Caller caller = caller_of(*frame);
    const xla::Buffers& given = frame->arguments;
    const std::int64_t count = given.count - (caller.spread != nullptr ? 2 : 0);
    std::vector<StridedView> params;
    for (std::int64_t i = 0; i < count; ++i) {
      params.push_back(view_of(*given.buffers[i]).value_or(StridedView()));
    }
    const std::int64_t position =
        caller.spread == nullptr ? 0
                                 : *static_cast<const std::int32_t*>(given.buffers[count]->data);
    taps->begin(params, static_cast<JaxTaps::Mode>(attribute(*frame, "mode")), caller, position);
  }
  return nullptr;
}

/// (loss, token[, spread]) -> loss
void* handle_loss(xla::CallFrame* frame) {
  if (!is_execution(frame)) return nullptr;
  const auto x = hand_on(*frame);
  JaxTaps* const taps = x ? taps_of(attribute(*frame, "run")) : nullptr;
  if (taps != nullptr) taps->loss(*x, caller_of(*frame));
  return nullptr;
}

}  // namespace

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
  if (site.judge && z != nullptr && z->rank == x.rank) {
    site.judge->tell(recorder, site.layer, with_samples_in_front(*z, site.axes), false);
  }
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
}

void JaxTaps::end() {
  guarded([&] { close_step(); });
}

void bind_jax_taps(nb::module_& module) {
  const auto handler = [](void* (*function)(xla::CallFrame*)) {
    return nb::capsule(reinterpret_cast<void*>(function));
  };
  nb::dict handlers;
  handlers["plumb_tap"] = handler(&handle_tap);
  handlers["plumb_begin"] = handler(&handle_begin);
  handlers["plumb_loss"] = handler(&handle_loss);
  module.attr("jax_handlers") = handlers;
  nb::class_<JaxTaps>(module, "JaxTaps")
      .def(nb::init<nb::object>())
      .def("add_site", &JaxTaps::add_site)
      .def("add_param", &JaxTaps::add_param)
      .def("end", &JaxTaps::end)
      .def_prop_ro("number", &JaxTaps::number)
      .def_prop_ro("begun", &JaxTaps::begun)
      .def_prop_ro("error", &JaxTaps::error);
}

}  // namespace plumb::python
