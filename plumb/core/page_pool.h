// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

/// Memory for tensors on huge pages, where the system has them (Linux, transparent huge pages not
/// "never"): the weights, gradients and activations of a network span more pages of 4 KiB than a
/// processor keeps addresses of, which costs a matrix product several percent.
///
/// Tensors share regions of kRegionBytes, so that a page of 2 MiB is not spent on one of them; a
/// region goes back to the system when all that lies in it has been released.
///
/// Threads All functions may be called from any thread.
namespace plumb::page_pool {

/// Smaller ones are better off with operator new.
inline constexpr std::size_t kLeastBytes = std::size_t{1} << 14;
inline constexpr std::size_t kRegionBytes = std::size_t{1} << 24;

/// Uninitialised, aligned to a cache line. Errors: std::bad_alloc.
void* allocate(std::size_t bytes);
/// False if the pool did not allocate it.
bool release(void* begin);
/// Of the system, now.
std::size_t held_bytes();

}  // namespace plumb::page_pool
