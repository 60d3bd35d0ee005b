// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The public interface of plumb's engine: networks of its own, their training and its probes, with
/// the waist. find_package(plumb COMPONENTS engine), link plumb::engine. As with plumb/waist.h, the
/// headers named are what a version keeps, and what is said there of threads holds here.

#include "plumb/data/dataset.h"
#include "plumb/nn/gradient_check.h"
#include "plumb/nn/graph/layer_table.h"
#include "plumb/nn/graph/network.h"
#include "plumb/nn/init.h"
#include "plumb/nn/layer.h"
#include "plumb/nn/layers/activation.h"
#include "plumb/nn/loss.h"
#include "plumb/nn/spec/presets.h"
#include "plumb/nn/spec/spec.h"
#include "plumb/optim/optimiser.h"
#include "plumb/optim/schedule.h"
#include "plumb/train/config.h"
#include "plumb/train/network_monitor.h"
#include "plumb/train/probe.h"
#include "plumb/train/run_training.h"
#include "plumb/train/trainer.h"
#include "plumb/train/weights.h"
#include "plumb/waist.h"
