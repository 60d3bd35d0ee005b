// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

namespace plumb {

/// Where an object stands in memory, for those that keep a reference to it: a member of the object,
/// whose watches can tell whether it is still there. A watch ends where the object is moved to
/// another place or destroyed.
///
/// Threads One at a time for an object and all its watches.
class Anchor {
 public:
  class Watch {
   public:
    /// Whether the object stands where it stood when the watch began. A pointer test.
    bool holds() const { return place_ != nullptr && *place_ == seen_; }

   private:
    friend class Anchor;
    Watch(std::shared_ptr<const Anchor* const> place, const Anchor* seen)
        : place_(std::move(place)), seen_(seen) {}
    std::shared_ptr<const Anchor* const> place_;  ///< null for an object that was moved from
    const Anchor* seen_;
  };

  Anchor() : place_(std::make_shared<const Anchor*>(this)) {}
  ~Anchor() { stand_at(nullptr); }
  Anchor(Anchor&& other) noexcept : place_(std::move(other.place_)) { stand_at(this); }
  Anchor& operator=(Anchor&& other) noexcept {
    if (this == &other) return *this;
    stand_at(nullptr);
    place_ = std::move(other.place_);
    stand_at(this);
    return *this;
  }

  Watch watch() const { return {place_, this}; }

 private:
  void stand_at(const Anchor* place) {
    if (place_) *place_ = place;
  }

  std::shared_ptr<const Anchor*> place_;
};

}  // namespace plumb
