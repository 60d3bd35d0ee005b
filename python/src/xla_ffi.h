// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace plumb::python::xla {

/// The part of XLA's foreign-function interface that a handler on the CPU reads: its binary
/// interface of C, version 0.3, which later ones only extend. Declared here so that the package
/// builds where jaxlib is not.
/// Source  openxla/xla, xla/ffi/api/c_api.h.

struct Extension {
  std::size_t struct_size;
  int type;  ///< 1: the caller asks what the handler is
  Extension* next;
};

struct ApiVersion {
  std::size_t struct_size;
  Extension* extension;
  int major, minor;
};

struct Metadata {
  std::size_t struct_size;
  ApiVersion version;
  std::uint32_t traits;
  std::int64_t state_type;
};

struct MetadataExtension {
  Extension base;
  Metadata* metadata;
};

enum DataType : int { s32 = 4, f16 = 10, f32 = 11, f64 = 12, bf16 = 16 };

struct Buffer {
  std::size_t struct_size;
  Extension* extension;
  DataType type;
  void* data;
  std::int64_t rank;
  std::int64_t* sizes;
};

struct Buffers {
  std::size_t struct_size;
  Extension* extension;
  std::int64_t count;
  int* kinds;
  Buffer** buffers;
};

struct Name {
  const char* text;
  std::size_t length;
};

struct Scalar {
  DataType type;
  void* value;
};

struct Attributes {
  std::size_t struct_size;
  Extension* extension;
  std::int64_t count;
  int* kinds;  ///< 3: a Scalar
  Name** names;
  void** values;
};

struct OrdinalRequest {
  std::size_t struct_size;
  Extension* extension;
  void* context;
  std::int32_t ordinal;  ///< the answer
};

/// The table of what a handler may ask. How long it is, struct_size says.
struct Api {
  std::size_t struct_size;
  Extension* extension;
  ApiVersion version;
  const void* internal;
  const void* others[17];
  void* (*ordinal)(OrdinalRequest*);  ///< an error, or null
};

struct CallFrame {
  std::size_t struct_size;
  Extension* extension;
  const Api* api;
  void* context;
  int stage;  ///< 3: execute
  Buffers arguments;
  Buffers results;
  Attributes attributes;
};

}  // namespace plumb::python::xla
