// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The public interface of plumb's waist: recording any training, diagnosis, theory, run files and
/// reports. find_package(plumb COMPONENTS waist), link plumb::waist.
///
/// The headers named here are the interface that a version keeps (docs/releasing.md). What they
/// include of others is installed because they need it, and may change at any time. docs/library.md
/// shows the use.
///
/// Threads  Where a class says nothing else, it is as a container of the standard library: objects
///          are independent of each other, const functions of one may be called by several threads
///          at once, and a call of any other function wants the object for itself. Functions that
///          belong to no class keep no state.

#include "plumb/core/error.h"
#include "plumb/core/parallel.h"
#include "plumb/core/shape.h"
#include "plumb/core/strided_view.h"
#include "plumb/core/tensor.h"
#include "plumb/core/version.h"
#include "plumb/core/view.h"
#include "plumb/diagnose/diagnosis.h"
#include "plumb/diagnose/outcome.h"
#include "plumb/diagnose/words/finding_words.h"
#include "plumb/diagnose/words/verdict.h"
#include "plumb/flow/layer_graph.h"
#include "plumb/flow/ledger.h"
#include "plumb/flow/time_flow.h"
#include "plumb/flow/time_ledger.h"
#include "plumb/monitor/monitor.h"
#include "plumb/observe/check_run.h"
#include "plumb/observe/observed_view.h"
#include "plumb/observe/recorder.h"
#include "plumb/observe/run_builder.h"
#include "plumb/record/finding.h"
#include "plumb/record/finding_kinds.h"
#include "plumb/record/run.h"
#include "plumb/stats/sketch.h"
#include "plumb/store/merge_ranks.h"
#include "plumb/store/run_file.h"

// Not of a build with PLUMB_REPORT=OFF.
#if __has_include("plumb/report/html.h")
#include "plumb/report/finding_json.h"
#include "plumb/report/html.h"
#include "plumb/report/ledger_json.h"
#include "plumb/report/report_json.h"
#include "plumb/report/terminal.h"
#include "plumb/report/terminal_compare.h"
#include "plumb/theory/activation_function.h"
#include "plumb/theory/correlation_map.h"
#include "plumb/theory/critical.h"
#include "plumb/theory/finite_width.h"
#include "plumb/theory/fixed_points.h"
#include "plumb/theory/gate.h"
#include "plumb/theory/length_map.h"
#include "plumb/theory/mean_field.h"
#include "plumb/theory/phase_diagram.h"
#include "plumb/theory/residual.h"
#endif
