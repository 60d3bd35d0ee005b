// SPDX-License-Identifier: Apache-2.0
#pragma once

/// The public interface of plumb: its waist, the engine that builds, trains and probes networks of
/// its own, and their cure. find_package(plumb), link plumb::plumb. As with plumb/waist.h, the
/// headers named are what a version keeps, and what is said there of threads holds here.

#include "plumb/cure/advice.h"
#include "plumb/cure/cure.h"
#include "plumb/cure/cure_words.h"
#include "plumb/engine.h"
