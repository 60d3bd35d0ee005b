// SPDX-License-Identifier: Apache-2.0
#include "plumb/serve/event_log.h"

#include <algorithm>
#include <charconv>

namespace plumb::serve {

void EventLog::add(std::string type, std::string key, std::string data) {
  const std::lock_guard lock(mutex_);
  if (!key.empty()) {
    std::erase_if(events_,
                  [&](const Event& event) { return event.key == key && event.type == type; });
  }
  events_.push_back({++last_, std::move(type), std::move(key), std::move(data)});
  if (events_.size() > kMost) {
    // Rows stay: there are as many as there are runs. The oldest of the others goes.
    auto oldest = std::find_if(events_.begin(), events_.end(),
                               [](const Event& event) { return event.key.empty(); });
    if (oldest == events_.end()) oldest = events_.begin();
    dropped_ = oldest->number;
    events_.erase(oldest);
  }
  came_.notify_all();
}

EventLog::Batch EventLog::after(std::uint64_t number, std::chrono::milliseconds wait) {
  std::unique_lock lock(mutex_);
  came_.wait_for(lock, wait, [&] { return closed_ || last_ > number; });
  Batch batch;
  batch.last = last_;
  batch.missed = number < dropped_ || number > last_;
  const auto first =
      std::upper_bound(events_.begin(), events_.end(), number,
                       [](std::uint64_t n, const Event& event) { return n < event.number; });
  batch.events.assign(first, events_.end());
  return batch;
}

std::uint64_t EventLog::last() const {
  const std::lock_guard lock(mutex_);
  return last_;
}

void EventLog::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  came_.notify_all();
}

bool EventLog::is_closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

std::string EventLog::id_of(std::uint64_t number) const {
  return epoch_ + "-" + std::to_string(number);
}

std::optional<std::uint64_t> EventLog::number_of(std::string_view id) const {
  if (!id.starts_with(epoch_ + "-")) return std::nullopt;
  const std::string_view digits = id.substr(epoch_.size() + 1);
  std::uint64_t number = 0;
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (digits.empty() || result.ec != std::errc() || result.ptr != digits.data() + digits.size())
    return std::nullopt;
  return number;
}

}  // namespace plumb::serve
