// SPDX-License-Identifier: Apache-2.0
// How tensors in our order get into oneDNN's primitives and out again. For the sources that call
// oneDNN.
#pragma once

#include <optional>
#include <span>
#include <stdexcept>
#include <string>

#include "plumb/kernels/fast/onednn-inl.h"

namespace plumb::fast {

using Memory = dnnl::memory;

inline const dnnl::engine& engine() {
  static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
  return cpu;
}

inline void execute(const dnnl::primitive& primitive, const dnnl::stream& stream,
                    std::span<const dnnl_exec_arg_t> arguments) {
  // The C call takes an array; the C++ one would build a map each time.
  const dnnl_status_t status = dnnl_primitive_execute(
      primitive.get(), stream.get(), static_cast<int>(arguments.size()), arguments.data());
  if (status != dnnl_success) {
    throw std::runtime_error("oneDNN returned status " + std::to_string(status) +
                             ", expected success");
  }
}

/// A copy from one order of elements to another, or an addition to it.
class Reorder {
 public:
  Reorder(const Memory::desc& from, const Memory::desc& to, bool add)
      : from_(from, engine(), nullptr), to_(to, engine(), nullptr) {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (add) {
      dnnl::post_ops sum;
      sum.append_sum(1.0f);
      attributes.set_post_ops(sum);
    }
    const dnnl::reorder::primitive_desc description(engine(), from, engine(), to, attributes);
    scratch_ = Memory(description.scratchpad_desc(), engine());
    primitive_ = dnnl::reorder(description);
  }

  void run(const float* from, float* to, const dnnl::stream& stream) {
    from_.set_data_handle(const_cast<float*>(from));  // handles are not const; it is only read
    to_.set_data_handle(to);
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from_.get()},
                                         {DNNL_ARG_TO, to_.get()},
                                         {DNNL_ARG_SCRATCHPAD, scratch_.get()}};
    execute(primitive_, stream, arguments);
  }

 private:
  Memory from_, to_, scratch_;
  dnnl::reorder primitive_;
};

/// One tensor of a primitive: handed over as it is where its order is the wanted one, otherwise by
/// way of a copy of its own.
class Port {
 public:
  Port() = default;
  Port(const Memory::desc& ours, const Memory::desc& wanted) : memory_(wanted, engine(), nullptr) {
    if (ours == wanted) return;
    copy_ = Memory(wanted, engine());
    memory_.set_data_handle(copy_.get_data_handle());
    in_.emplace(ours, wanted, false);
    out_.emplace(wanted, ours, false);
  }

  /// Before execution: makes `data` what the primitive reads.
  void give(const float* data, const dnnl::stream& stream) {
    if (in_) return in_->run(data, copied(), stream);
    memory_.set_data_handle(const_cast<float*>(data));
  }
  /// Before execution: makes `data` what the primitive writes, with collect() after it.
  void offer(float* data) {
    if (!out_) memory_.set_data_handle(data);
  }
  void collect(float* data, const dnnl::stream& stream) {
    if (out_) out_->run(copied(), data, stream);
  }
  dnnl_memory_t get() const { return memory_.get(); }

 private:
  float* copied() const { return static_cast<float*>(copy_.get_data_handle()); }
  Memory memory_, copy_;
  std::optional<Reorder> in_, out_;
};

}  // namespace plumb::fast
