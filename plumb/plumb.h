// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The public interface of plumb: its waist, and the engine that builds, trains, probes and cures
/// networks of its own. find_package(plumb), link plumb::plumb. As with plumb/waist.h, the headers
/// named are what a version keeps, and what is said there of threads holds here.

#include "plumb/cure/advice.h"
#include "plumb/cure/cure.h"
#include "plumb/cure/cure_words.h"
#include "plumb/data/dataset.h"
#include "plumb/nn/gradient_check.h"
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
