// SPDX-License-Identifier: Apache-2.0
#include "python/src/device_watch.h"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <cstring>

#include "plumb/core/error.h"
#include "plumb/stats/counted_sketch.h"

namespace plumb::python {

namespace nb = nanobind;

namespace {

constexpr std::size_t kCounts = CountedTensor::kOctaves + CountedTensor::kLimits;
constexpr std::size_t kNumbers = (kCounts + 4) * sizeof(std::int32_t);  // where they begin
constexpr std::size_t kRowBytes = kNumbers + 3 * sizeof(double);

using Rows = std::vector<std::pair<std::intptr_t, std::uint64_t>>;  ///< address, number of values

/// Of a tensor that was counted in parts.
Sketch sketch_of(const Rows& rows, std::uint64_t times, double log2_scale) {
  Sketch all;
  bool is_first = true;
  for (const auto& [address, count] : rows) {
    const auto* const row = reinterpret_cast<const std::byte*>(address);
    const auto* const counts = reinterpret_cast<const std::int32_t*>(row);
    CountedTensor counted;
    counted.count = count;
    counted.octaves = {counts, CountedTensor::kOctaves};
    counted.limits = {counts + CountedTensor::kOctaves, CountedTensor::kLimits};
    counted.zeros = static_cast<std::uint64_t>(counts[kCounts]);
    std::array<double, 3> numbers;
    std::memcpy(numbers.data(), row + kNumbers, sizeof numbers);
    counted.abs_max = numbers[0];
    counted.sum = numbers[1];
    counted.squares = numbers[2];
    Sketch one = sketch(counted, times, log2_scale);
    if (is_first) {
      all = std::move(one);
    } else {
      all.merge(one);
    }
    is_first = false;
  }
  return all;
}

nb::dict facts(const Sketch& sketch) {
  nb::dict to;
  to["count"] = sketch.count;
  to["nonfinite"] = sketch.nonfinite_count;
  to["zeros"] = sketch.zero_count;
  to["mean"] = sketch.mean;
  to["rms"] = sketch.rms();
  to["abs_max"] = sketch.abs_max;
  nb::list bins, losses;
  for (const std::uint64_t bin : sketch.histogram) bins.append(bin);
  for (const FormatLoss& one : sketch.format_loss) {
    losses.append(nb::make_tuple(one.flushed, one.subnormal, one.overflowed));
  }
  to["histogram"] = bins;
  to["format_loss"] = losses;
  return to;
}

Role parameter_role(const std::string& role) {
  if (role == "weight") return Role::weight;
  return role == "update" ? Role::update : Role::grad_weight;
}

}  // namespace

void bind_device_watch(nb::module_& module, nb::class_<Watcher>& watcher) {
  module.attr("device_row_words") = kRowBytes / sizeof(std::int64_t);
  module.def("sketch_limit_bits", [](double log2_scale, bool is_double) {
    std::array<std::uint64_t, CountedTensor::kLimits> limits{};
    sketch_limit_bits(log2_scale, is_double, limits);
    return std::vector<std::uint64_t>(limits.begin(), limits.end());
  });
  module.def("sketch_of_tensor", [](nb::handle tensor, double log2_scale) {
    const auto view = TensorReader::read(tensor.ptr());
    if (!view) throw nb::type_error("sketch_of_tensor: expected a tensor of floats on the CPU");
    return facts(sketch(*view, log2_scale));
  });
  module.def("sketch_of_rows", [](const Rows& rows, std::uint64_t times, double log2_scale) {
    return facts(sketch_of(rows, times, log2_scale));
  });
  watcher.def_rw("device", &Watcher::device, nb::arg().none())
      .def_rw("forces_device", &Watcher::forces_device)
      .def("tell_output",
           [](Watcher& w, LayerId layer, const Rows& rows, std::uint64_t times, double scale) {
             w.session.recorder().output(layer, sketch_of(rows, times, scale));
           })
      .def("tell_gradient",
           [](Watcher& w, LayerId layer, const Rows& rows, std::uint64_t times, double scale) {
             w.session.recorder().gradient(layer, sketch_of(rows, times, scale));
           })
      .def("tell_parameter",
           [](Watcher& w, ParamId param, const std::string& role, const Rows& rows,
              std::uint64_t times, double scale) {
             w.session.recorder().parameter(param, parameter_role(role),
                                            sketch_of(rows, times, scale));
           })
      .def("tell_derivative",
           [](Watcher& w, LayerId layer, std::uint64_t samples, std::uint64_t elements,
              std::uint64_t below, double squares, const std::vector<std::int64_t>& active) {
             w.session.recorder().derivative(
                 layer, DerivativeCounts{samples, elements, below, squares, active});
           })
      .def("tell_join",
           [](Watcher& w, LayerId layer,
              const std::vector<std::tuple<LayerId, std::int32_t, double, double, double, double>>&
                  ways) {
             std::vector<JoinProducts> products;
             for (const auto& [reader, input, count, squares, product, scale] : ways) {
               products.push_back({reader, input, count, squares, product, scale});
             }
             w.session.recorder().join(layer, std::span<const JoinProducts>(products));
           })
      .def("tell_samples",
           [](Watcher& w, LayerId layer, nb::handle tensor, Layout layout) {
             const auto view = TensorReader::read(tensor.ptr(), layout);
             if (view) w.session.recorder().samples(layer, *view);
           })
      .def("tell_symmetry",
           [](Watcher& w, ParamId param, nb::handle tensor, int axis) {
             const auto view = TensorReader::read(tensor.ptr());
             if (view) w.session.recorder().symmetry(param, *view, axis);
           })
      .def("saturation_limit",
           [](Watcher& w, LayerId layer) { return w.session.recorder().saturation_limit(layer); })
      .def_prop_ro("is_similarity_due",
                   [](Watcher& w) { return w.session.recorder().is_similarity_due(); })
      .def_prop_ro("is_symmetry_due",
                   [](Watcher& w) { return w.session.recorder().is_symmetry_due(); });
}

}  // namespace plumb::python
