// SPDX-License-Identifier: Apache-2.0
// What XLA calls: the foreign functions of JaxTaps, in its interface of C, and how Python sees them.

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "python/src/jax_taps.h"
#include "python/src/xla_ffi.h"

namespace plumb::python {

namespace nb = nanobind;

namespace {

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
  if (JaxTaps* const taps = JaxTaps::of(attribute(*frame, "run"))) {
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
  if (JaxTaps* const taps = JaxTaps::of(attribute(*frame, "run"))) {
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
  JaxTaps* const taps = x ? JaxTaps::of(attribute(*frame, "run")) : nullptr;
  if (taps != nullptr) taps->loss(*x, caller_of(*frame));
  return nullptr;
}

/// (targets, token) -> targets, of int32 or float
void* handle_targets(xla::CallFrame* frame) {
  if (!is_execution(frame)) return nullptr;
  const xla::Buffer& x = *frame->arguments.buffers[0];
  std::vector<std::int64_t> sizes(x.sizes, x.sizes + x.rank);
  std::size_t bytes = 4;
  for (const std::int64_t size : sizes) bytes *= static_cast<std::size_t>(size);
  void* const to = frame->results.buffers[0]->data;
  if (to != x.data) std::memcpy(to, x.data, bytes);
  if (JaxTaps* const taps = JaxTaps::of(attribute(*frame, "run"))) {
    const std::int64_t part = attribute(*frame, "part");
    if (x.type == xla::s32) {
      taps->targets(part, static_cast<const std::int32_t*>(x.data), std::move(sizes));
    } else if (x.type == xla::f32) {
      taps->targets(part, static_cast<const float*>(x.data), std::move(sizes));
    }
  }
  return nullptr;
}

}  // namespace

void bind_jax_taps(nb::module_& module) {
  const auto handler = [](void* (*function)(xla::CallFrame*)) {
    return nb::capsule(reinterpret_cast<void*>(function));
  };
  nb::dict handlers;
  handlers["plumb_tap"] = handler(&handle_tap);
  handlers["plumb_begin"] = handler(&handle_begin);
  handlers["plumb_loss"] = handler(&handle_loss);
  handlers["plumb_targets"] = handler(&handle_targets);
  module.attr("jax_handlers") = handlers;
  nb::class_<JaxTaps>(module, "JaxTaps")
      .def(nb::init<nb::object>())
      .def("add_site", &JaxTaps::add_site)
      .def("add_param", &JaxTaps::add_param)
      .def("end", &JaxTaps::end)
      .def("set_baseline",
           [](JaxTaps& taps, double loss, double deviation, double accuracy) {
             taps.set_baseline({loss, deviation, accuracy});
           })
      .def("add_labels", &JaxTaps::add_labels)
      .def("add_values", &JaxTaps::add_values)
      .def("take_targets",
           [](JaxTaps& taps) {
             nb::list found;
             for (const JaxTaps::Targets& one : taps.take_targets()) {
               const auto* const from = reinterpret_cast<const char*>(one.values.data());
               found.append(nb::make_tuple(one.part, one.sizes, nb::bytes(from, one.values.size() * sizeof(double))));
             }
             return found;
           })
      .def_rw("learning_rate", &JaxTaps::learning_rate)
      .def_prop_ro("number", &JaxTaps::number)
      .def_prop_ro("begun", &JaxTaps::begun)
      .def_prop_ro("error", &JaxTaps::error);
}

}  // namespace plumb::python
