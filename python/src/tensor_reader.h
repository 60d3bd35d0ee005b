// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Python.h>

#include <optional>
#include <vector>

#include "plumb/attach/axis_layout.h"

namespace plumb::python {

using Layout = AxisLayout;

/// Reads torch.Tensor objects where they lie: address, sizes, strides and element type by DLPack's
/// exchange table, where their type has it, or by their own attributes. What is not on the CPU, not dense storage or no floating-point number is not read.
///
/// Errors  none: what cannot be read is nullopt, and no Python error is left set.
/// Threads Holds the GIL of its caller.
class TensorReader {
 public:
  /// Takes the types of the framework; called once. Holds references for ever.
  static void set_types(PyObject* tensor, PyObject* f16, PyObject* bf16, PyObject* f32,
                        PyObject* f64);
  static bool is_tensor(PyObject* object);
  /// The first tensor of a nest of tuples, lists and dicts (borrowed), or null.
  static PyObject* first_tensor(PyObject* object);
  static std::optional<StridedView> read(PyObject* tensor);
  /// With its axes; nullopt for a scalar too.
  static std::optional<ObservedView> read(PyObject* tensor, Layout layout, double log2_scale = 0);
};

}  // namespace plumb::python
