// SPDX-License-Identifier: Apache-2.0
// Torch's observer of operations, for plumb/attach/libtorch.h. Header only: plumb itself links no
// torch.
#pragma once

#include <ATen/record_function.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace plumb::attach::detail {

/// The arguments of a call, in its begin. RecordFunction::inputs() asserts in a build with
/// assertions that a flag is set which only a libtorch built with them sets; the packages are built
/// without. So the member is read, by the one way past its access that the language has: names in
/// an explicit instantiation are not checked.
using Inputs = c10::ArrayRef<const c10::IValue>;
struct InputsTag {
  friend Inputs at::RecordFunction::*member_of(InputsTag);
};
template <Inputs at::RecordFunction::*member>
struct InputsMember {
  friend Inputs at::RecordFunction::*member_of(InputsTag) { return member; }
};
template struct InputsMember<&at::RecordFunction::inputs_>;
inline Inputs inputs_of(const at::RecordFunction& call) { return call.*member_of(InputsTag()); }

/// Is told of the operations that no other one calls, in the thread that they run in.
class OperationListener {
 public:
  virtual ~OperationListener() = default;
  virtual void begin_operation(const at::RecordFunction& call) noexcept = 0;
  virtual void end_operation(const at::RecordFunction& call) noexcept = 0;
};

/// Who listens in this thread, and how deep in operations that call others it is.
struct Listeners {
  std::vector<OperationListener*> open;
  int depth = 0;
  static Listeners& of_thread() {
    static thread_local Listeners listeners;
    return listeners;
  }
};

/// Torch's observer of operations, which is there while somebody listens in any thread.
class Observer {
 public:
  static void use(int more) {
    static std::mutex mutex;
    static int users = 0;
    static at::CallbackHandle handle = 0;
    const std::lock_guard lock(mutex);
    users += more;
    if (more > 0 && users == 1) {
      if (handle == 0) {
        handle = at::addGlobalCallback(at::RecordFunctionCallback(&begin, &end)
                                           .needsInputs(true)
                                           .needsOutputs(true)
                                           .scopes({at::RecordScope::FUNCTION}));
      } else {
        at::reenableCallback(handle);
      }
    } else if (more < 0 && users == 0) {
      at::disableCallback(handle);
    }
  }

 private:
  static std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& call);
  static void end(const at::RecordFunction& call, at::ObserverContext* context);
};

inline std::unique_ptr<at::ObserverContext> Observer::begin(const at::RecordFunction& call) {
  Listeners& here = Listeners::of_thread();
  if (here.open.empty() && here.depth == 0) return nullptr;
  if (here.depth++ > 0) return nullptr;
  for (std::size_t i = 0; i < here.open.size(); ++i) here.open[i]->begin_operation(call);
  return nullptr;
}

inline void Observer::end(const at::RecordFunction& call, at::ObserverContext*) {
  Listeners& here = Listeners::of_thread();
  if (here.depth == 0 || --here.depth > 0) return;
  for (std::size_t i = 0; i < here.open.size(); ++i) here.open[i]->end_operation(call);
}

}  // namespace plumb::attach::detail
