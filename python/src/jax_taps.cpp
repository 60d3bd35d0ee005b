// SPDX-License-Identifier: Apache-2.0
#include "python/src/jax_taps.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string_view>

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

/// (x, token[, z]) -> x
void* handle_tap(xla::CallFrame* frame) {
  if (!is_execution(frame)) return nullptr;
  const xla::Buffers& given = frame->arguments;
  const auto x = view_of(*given.buffers[0]);
  if (!x) return nullptr;
  void* const to = frame->results.buffers[0]->data;
  if (to != x->data) std::memcpy(to, x->data, static_cast<std::size_t>(size_of(*x)));
  if (JaxTaps* const taps = taps_of(attribute(*frame, "run"))) {
    const auto z = given.count > 2 ? view_of(*given.buffers[2]) : std::nullopt;
    taps->tap(attribute(*frame, "site"), *x, z ? &*z : nullptr);
  }
  return nullptr;
}

/// (parameter ...) -> token
void* handle_begin(xla::CallFrame* frame) {
  if (!is_execution(frame)) return nullptr;
  *static_cast<float*>(frame->results.buffers[0]->data) = 0;
  if (JaxTaps* const taps = taps_of(attribute(*frame, "run"))) {
    std::vector<StridedView> params;
    for (std::int64_t i = 0; i < frame->arguments.count; ++i) {
      params.push_back(view_of(*frame->arguments.buffers[i]).value_or(StridedView()));
    }
    taps->begin(params, static_cast<JaxTaps::Mode>(attribute(*frame, "mode")));
  }
  return nullptr;
}

/// (loss, token) -> loss
void* handle_loss(xla::CallFrame* frame) {
  if (!is_execution(frame)) return nullptr;
  const auto x = view_of(*frame->arguments.buffers[0]);
  if (!x) return nullptr;
  void* const to = frame->results.buffers[0]->data;
  if (to != x->data) std::memcpy(to, x->data, static_cast<std::size_t>(size_of(*x)));
  if (JaxTaps* const taps = taps_of(attribute(*frame, "run"))) {
    double value = std::numeric_limits<double>::quiet_NaN();
    if (x->size() > 0) {
      KeptReader(ObservedView(StridedView(x->data, x->type, {}, {}))).next(std::span(&value, 1));
    }
    taps->loss(value);
  }
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
  if (!function.empty()) site.judge = std::make_shared<DerivativeJudge>(function);
  sites_.push_back(std::move(site));
  return static_cast<std::int64_t>(sites_.size() - 1);
}

std::int64_t JaxTaps::add_param(ParamId param) {
  const std::lock_guard lock(mutex_);
  Site site;
  site.param = param;
  site.is_gradient = true;
  sites_.push_back(std::move(site));
  params_.push_back(param);
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

void JaxTaps::begin(const std::vector<StridedView>& params, Mode mode) {
  guarded([&] {
    Session& session = watcher_.session;
    const std::size_t count = std::min(params.size(), params_.size());
    if (session.in_step() && session.is_measuring() && saw_gradient_) {
      for (std::size_t i = 0; i < count; ++i) {
        if (params[i].data != nullptr) updates_.tell(session.recorder(), params_[i], params[i]);
      }
    }
    close_step();
    updates_.begin();
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
  });
}

void JaxTaps::tap(std::int64_t number, const StridedView& x, const StridedView* z) {
  guarded([&] {
    Session& session = watcher_.session;
    if (number < 0 || number >= static_cast<std::int64_t>(sites_.size())) return;
    const Site& site = sites_[static_cast<std::size_t>(number)];
    saw_gradient_ = saw_gradient_ || site.is_gradient;
    if (!session.in_step() || !session.is_measuring()) return;
    Recorder& recorder = session.recorder();
    if (site.param != kNoParam) {
      recorder.parameter(site.param, Role::grad_weight, ObservedView(x));
      return;
    }
    if (x.rank != static_cast<int>(site.axes.size())) return;
    const ObservedView view(x, site.axes);
    if (site.is_gradient) {
      recorder.gradient(site.layer, view);
      return;
    }
    recorder.output(site.layer, view);
    if (site.judge && z != nullptr && z->rank == x.rank) {
      site.judge->tell(recorder, site.layer, ObservedView(*z, site.axes), false);
    }
  });
}

void JaxTaps::loss(double value) {
  guarded([&] {
    saw_loss_ = true;
    if (watcher_.session.in_step()) watcher_.session.record().loss = value;
  });
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
