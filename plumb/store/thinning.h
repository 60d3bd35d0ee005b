// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "plumb/store/database.h"

/// Which records of a long run are dropped so that its file stays small. Private to store/.
namespace plumb::store {

/// A measured step and what its records take.
struct Weighed {
  std::int64_t step = 0;
  std::int64_t bytes = 0;
};

/// The steps to drop so that at least `bytes` become free, or as many as may be.
///
/// A step stands dense where its two neighbours are close to each other on the scale log(1 + s),
/// s the steps since the first one. The densest is dropped, which makes its neighbours less dense,
/// and so on: what stays spreads evenly over that scale, whatever the run had. The first and the
/// last step always stay; those in `wanted` go only when no other is left.
/// Shapes  `steps` ascending.
std::vector<std::int64_t> steps_to_drop(std::span<const Weighed> steps,
                                        const std::set<std::int64_t>& wanted, std::int64_t bytes);

/// Makes room in the file, in a transaction of its own: drops records of steps, so that about a
/// quarter of `max_bytes` become free; where there are none left to drop, three of four rows of
/// metrics of steps without records. Layouts before `oldest_layout` that no step refers to go as
/// well. Steps at which a stored finding begins or ends are wanted too.
/// False if there was nothing to drop.
bool thin(Database& database, const std::set<std::int64_t>& wanted, std::int64_t oldest_layout,
          std::int64_t max_bytes);

/// Bytes of the file that hold something.
std::int64_t used_bytes(const Database& database);

}  // namespace plumb::store
