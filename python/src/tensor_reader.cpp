// SPDX-License-Identifier: Apache-2.0
#include "python/src/tensor_reader.h"

#include <array>
#include <span>

namespace plumb::python {

namespace {

PyObject* tensor_type = nullptr;
std::array<PyObject*, 4> dtypes{};  // in the order of ElementType
PyObject *s_data_ptr, *s_shape, *s_stride, *s_dtype, *s_is_neg, *s_is_cpu;

PyObject* call(PyObject* object, PyObject* name) {
  PyObject* arguments[] = {object};
  return PyObject_VectorcallMethod(name, arguments, 1 | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr);
}

/// A reference that ends with its scope.
struct Ref {
  PyObject* object;
  explicit Ref(PyObject* owned) : object(owned) {}
  ~Ref() { Py_XDECREF(object); }
  Ref(const Ref&) = delete;
  Ref& operator=(const Ref&) = delete;
  explicit operator bool() const { return object != nullptr; }
};

bool numbers(PyObject* tuple, StridedView::Axes& to, int rank) {
  if (tuple == nullptr || !PyTuple_Check(tuple) || PyTuple_Size(tuple) != rank) return false;
  for (int i = 0; i < rank; ++i) {
    to[static_cast<std::size_t>(i)] = PyLong_AsLongLong(PyTuple_GetItem(tuple, i));
  }
  return PyErr_Occurred() == nullptr;
}

bool is_negative(PyObject* tensor) {
  const Ref negative(call(tensor, s_is_neg));
  return negative.object != Py_False;
}

/// DLPack's table of C functions, as a tensor type of PyTorch 2.9 or later has it
/// (__dlpack_c_exchange_api__, dlpack.h 1.2): all facts of a tensor by one call.
struct Exchange {
  struct Tensor {
    void* data;
    std::int32_t device, device_id;
    std::int32_t rank;
    std::uint8_t code, bits;
    std::uint16_t lanes;
    std::int64_t *sizes, *strides;
    std::uint64_t byte_offset;
  };
  static constexpr std::uint32_t kMajor = 1;
  static constexpr std::int32_t kCpu = 1;
  static constexpr std::uint8_t kFloat = 2, kBfloat = 4;

  std::uint32_t major, minor;
  void *previous, *allocate, *to_managed, *from_managed;
  int (*look)(void* object, Tensor* out);
};
const Exchange* exchange = nullptr;

const Exchange* find_exchange(PyObject* type) {
  const Ref capsule(PyObject_GetAttrString(type, "__dlpack_c_exchange_api__"));
  const void* const table =
      capsule ? PyCapsule_GetPointer(capsule.object, "dlpack_exchange_api") : nullptr;
  PyErr_Clear();
  const auto* const found = static_cast<const Exchange*>(table);
  const bool is_known =
      found != nullptr && found->major == Exchange::kMajor && found->look != nullptr;
  return is_known ? found : nullptr;
}

std::optional<ElementType> type_of(const Exchange::Tensor& tensor) {
  if (tensor.lanes != 1) return std::nullopt;
  if (tensor.code == Exchange::kBfloat && tensor.bits == 16) return ElementType::bf16;
  if (tensor.code != Exchange::kFloat) return std::nullopt;
  switch (tensor.bits) {
    case 16: return ElementType::f16;
    case 32: return ElementType::f32;
    case 64: return ElementType::f64;
    default: return std::nullopt;
  }
}

std::optional<StridedView> read_exchange(PyObject* tensor) {
  Exchange::Tensor facts{};
  if (exchange->look(tensor, &facts) != 0) return std::nullopt;
  const auto type = type_of(facts);
  if (facts.device != Exchange::kCpu || !type || facts.data == nullptr || is_negative(tensor) ||
      facts.rank < 0 || facts.rank > StridedView::kMaxRank || facts.strides == nullptr) {
    return std::nullopt;
  }
  const auto rank = static_cast<std::size_t>(facts.rank);
  return StridedView(static_cast<const char*>(facts.data) + facts.byte_offset, *type,
                     std::span<const std::int64_t>(facts.sizes, rank),
                     std::span<const std::int64_t>(facts.strides, rank));
}

std::optional<StridedView> read_attributes(PyObject* tensor) {
  const Ref on_cpu(PyObject_GetAttr(tensor, s_is_cpu));
  if (on_cpu.object != Py_True) return std::nullopt;
  const Ref dtype(PyObject_GetAttr(tensor, s_dtype));
  StridedView view;
  std::size_t type = 0;
  while (type < dtypes.size() && dtypes[type] != dtype.object) ++type;
  if (type == dtypes.size()) return std::nullopt;
  view.type = static_cast<ElementType>(type);
  if (is_negative(tensor)) return std::nullopt;
  const Ref shape(PyObject_GetAttr(tensor, s_shape));
  if (!shape || !PyTuple_Check(shape.object)) return std::nullopt;
  const Py_ssize_t rank = PyTuple_Size(shape.object);
  if (rank > StridedView::kMaxRank) return std::nullopt;
  view.rank = static_cast<int>(rank);
  const Ref strides(call(tensor, s_stride));
  if (!numbers(shape.object, view.sizes, view.rank) ||
      !numbers(strides.object, view.strides, view.rank)) {
    return std::nullopt;
  }
  const Ref address(call(tensor, s_data_ptr));
  if (!address) return std::nullopt;
  view.data = PyLong_AsVoidPtr(address.object);
  if (view.data == nullptr) return std::nullopt;
  return view;
}

}  // namespace

void TensorReader::set_types(PyObject* tensor, PyObject* f16, PyObject* bf16, PyObject* f32,
                             PyObject* f64) {
  for (PyObject* const held : {tensor, f16, bf16, f32, f64}) Py_INCREF(held);
  tensor_type = tensor;
  dtypes = {f16, bf16, f32, f64};
  s_data_ptr = PyUnicode_InternFromString("data_ptr");
  s_shape = PyUnicode_InternFromString("shape");
  s_stride = PyUnicode_InternFromString("stride");
  s_dtype = PyUnicode_InternFromString("dtype");
  s_is_neg = PyUnicode_InternFromString("is_neg");
  s_is_cpu = PyUnicode_InternFromString("is_cpu");
  exchange = find_exchange(tensor);
}

bool TensorReader::is_tensor(PyObject* object) {
  return tensor_type != nullptr &&
         PyObject_TypeCheck(object, reinterpret_cast<PyTypeObject*>(tensor_type));
}

PyObject* TensorReader::first_tensor(PyObject* object) {
  if (is_tensor(object)) return object;
  const bool is_tuple = PyTuple_Check(object);
  if (is_tuple || PyList_Check(object)) {
    const Py_ssize_t count = is_tuple ? PyTuple_Size(object) : PyList_Size(object);
    for (Py_ssize_t i = 0; i < count; ++i) {
      PyObject* const one = is_tuple ? PyTuple_GetItem(object, i) : PyList_GetItem(object, i);
      if (PyObject* const found = first_tensor(one)) return found;
    }
  } else if (PyDict_Check(object)) {
    PyObject *key, *value;
    for (Py_ssize_t at = 0; PyDict_Next(object, &at, &key, &value);) {
      if (PyObject* const found = first_tensor(value)) return found;
    }
  }
  return nullptr;
}

std::optional<StridedView> TensorReader::read(PyObject* tensor) {
  if (tensor_type == nullptr) return std::nullopt;
  const bool has_table = exchange != nullptr && is_tensor(tensor);
  std::optional<StridedView> view = has_table ? read_exchange(tensor) : read_attributes(tensor);
  if (!view) PyErr_Clear();
  return view;
}

std::optional<ObservedView> TensorReader::read(PyObject* tensor, Layout layout, double log2_scale) {
  const std::optional<StridedView> view = read(tensor);
  return view ? observed(*view, layout, log2_scale) : std::nullopt;
}

}  // namespace plumb::python
