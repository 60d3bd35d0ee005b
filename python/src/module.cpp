// SPDX-License-Identifier: Apache-2.0
// plumb._core: the waist of plumb for Python. Nothing of it needs torch to be imported.
#include <nanobind/nanobind.h>

#include "plumb/core/version.h"
#include "plumb/stats/sketch.h"
#include "python/src/forward_hook.h"
#include "python/src/gradient_hooks.h"
#include "python/src/hook.h"
#include "python/src/jax_taps.h"
#include "python/src/node_plan.h"
#include "python/src/proof.h"
#include "python/src/results.h"
#include "python/src/theory.h"
#include "python/src/watcher.h"

NB_MODULE(_core, module) {
  // What a script's own variables still hold when the interpreter ends is no leak to tell of.
  nanobind::set_leak_warnings(false);
  module.attr("version") = plumb::kVersion;
  module.def("sketch_target", [] { return plumb::sketch_target(); });
  plumb::python::bind_watcher(module);
  plumb::python::bind_hook(module);
  plumb::python::bind_gradient_hooks(module);
  plumb::python::bind_forward_hook(module);
  plumb::python::bind_node_plan(module);
  plumb::python::bind_jax_taps(module);
  plumb::python::bind_results(module);
  plumb::python::bind_theory(module);
  plumb::python::bind_proof(module);
}
