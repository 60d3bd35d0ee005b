// SPDX-License-Identifier: Apache-2.0
#include "plumb/observe/site_sketches.h"

#include <algorithm>
#include <array>
#include <limits>

#include "plumb/core/error.h"

namespace plumb {

namespace {

constexpr std::int64_t kLayerRoles = 4;  // before Role::weight
constexpr std::int64_t kParamRoles = 3;

/// All records of a step are more than a second-level cache keeps beside the network; a sketch
/// takes long enough for its place to arrive meanwhile.
void prefetch_to_write(const Sketch& sketch) {
  constexpr std::size_t kLineBytes = 64;
  const char* const begin = reinterpret_cast<const char*>(&sketch);
  for (std::size_t at = 0; at < sizeof(Sketch); at += kLineBytes) __builtin_prefetch(begin + at, 1);
}

MeanSquare size_of(const Sketch& sketch) {
  return {static_cast<double>(sketch.count), sketch.nonfinite_count > 0
                                                 ? std::numeric_limits<double>::quiet_NaN()
                                                 : sketch.true_log2_rms()};
}

bool is_gradient(Role role) { return role == Role::grad_z || role == Role::grad_a; }

Site output_of(Site gradient) {
  gradient.role = gradient.role == Role::grad_z ? Role::z : Role::a;
  return gradient;
}

template <class T>
void sketch_pieces(PiecewiseSketch& pieces, Sketch& out, const ObservedView& view) {
  std::array<T, 2048> piece;
  KeptReader reader(view);
  pieces.begin(out, kDTypeOf<T>, view.log2_scale);
  while (const std::size_t count = reader.next(std::span(piece))) {
    pieces.add({piece.data(), kDTypeOf<T>, Shape{static_cast<std::int64_t>(count)}});
  }
  pieces.finish();
}

}  // namespace

void SiteSketches::begin(const RunInfo& info, std::vector<SketchRecord>& records) {
  records_ = &records;
  ++step_;
  used_ = 0;
  pass_ = 0;
  histories_used_ = 0;
  if (const std::size_t sites = at(kLayerRoles) * info.layers.size(); layers_.size() < sites) {
    layers_.resize(sites);
  }
  if (const std::size_t sites = at(kParamRoles) * info.params.size(); params_.size() < sites) {
    params_.resize(sites);
  }
  records.reserve(2 * info.layers.size() + params_.size());
}

SiteSketches::Entry& SiteSketches::entry(const Site& site) {
  const auto role = static_cast<std::int64_t>(site.role);
  if (site.output != 0) {
    return further_outputs_[((std::int64_t{site.id} << 32) | site.output) * kLayerRoles + role];
  }
  auto& entries = site.is_of_parameter() ? params_ : layers_;
  const std::int64_t place = site.is_of_parameter() ? site.id * kParamRoles + role - kLayerRoles
                                                    : site.id * kLayerRoles + role;
  // A graph may grow within a step.
  if (at(place) >= entries.size()) entries.resize(at(place) + 1);
  return entries[at(place)];
}

Sketch& SiteSketches::take(const Site& site, Entry& entry) {
  if (at(used_) == records_->size()) records_->emplace_back();
  SketchRecord& record = (*records_)[at(used_)];
  prefetch_to_write(record.sketch);
  record.site = site;
  entry.step = step_;
  entry.place = used_++;
  entry.pass = entry.first_pass = pass_;
  entry.calls = 0;
  entry.history = -1;
  last_ = entry.place;
  return record.sketch;
}

std::int32_t SiteSketches::next_call(const Site& site, const Entry& of_site) {
  if (!is_gradient(site.role)) return of_site.calls;
  const Entry& output = entry(output_of(site));
  const bool has_output =
      output.step == step_ && output.pass == pass_ && output.calls > of_site.calls;
  return has_output ? output.calls - 1 - of_site.calls : of_site.calls;
}

SiteSketches::Slot SiteSketches::slot_for(const Site& site, std::int32_t call) {
  Entry& of_site = entry(site);
  if (of_site.step != step_) {
    Sketch& sketch = take(site, of_site);
    of_site.first_call = call == Use::kNext ? next_call(site, of_site) : call;
    ++of_site.calls;
    return {&of_site, &sketch, true, of_site.first_call};
  }
  if (of_site.pass != pass_) {
    of_site.pass = pass_;
    of_site.calls = 0;
  }
  if (call == Use::kNext) call = next_call(site, of_site);
  ++of_site.calls;
  last_ = -1;
  return {&of_site, &more_, false, call};
}

void SiteSketches::note(const Site& site, const Slot& slot) {
  if (slot.is_first) return;
  Entry& of_site = *slot.entry;
  Sketch& all = (*records_)[at(of_site.place)].sketch;
  if (of_site.history < 0) {
    if (histories_used_ == histories_.size()) histories_.emplace_back();
    of_site.history = static_cast<std::int32_t>(histories_used_++);
    History& history = histories_[at(of_site.history)];
    history.site = site;
    history.uses.clear();
    history.uses.push_back({of_site.first_pass, of_site.first_call, size_of(all)});
  }
  histories_[at(of_site.history)].uses.push_back({pass_, slot.call, size_of(more_)});
  all.merge(more_);
}

void SiteSketches::add(const Site& site, ConstView values, double log2_scale, std::int32_t call) {
  const Slot to = slot_for(site, call);
  sketch_into(*to.sketch, values, log2_scale);
  note(site, to);
}

void SiteSketches::add(const Site& site, const ObservedView& view, std::int32_t call) {
  const Slot to = slot_for(site, call);
  if (view.kept == nullptr) {
    sketch_into(*to.sketch, view.values, view.log2_scale);
  } else if (view.values.type == ElementType::f64) {
    sketch_pieces<double>(pieces_, *to.sketch, view);
  } else {
    sketch_pieces<float>(pieces_, *to.sketch, view);
  }
  note(site, to);
}

void SiteSketches::add(const Site& site, const Sketch& sketch, std::int32_t call) {
  const Slot to = slot_for(site, call);
  *to.sketch = sketch;
  note(site, to);
}

std::size_t SiteSketches::take_once(const Site& site) {
  Entry& of_site = entry(site);
  take(site, of_site);
  return at(of_site.place);
}

void SiteSketches::finish(InnerRecorder& inner) {
  records_->resize(at(used_));
  for (std::size_t i = 0; i < histories_used_; ++i) {
    const auto& [site, uses] = histories_[i];
    bool calls = false, passes = false;
    for (const RecordedUse& one : uses) {
      calls = calls || one.call > 0;
      passes = passes || one.pass != uses.front().pass;
    }
    for (const RecordedUse& one : uses) {
      const std::string_view name = slice_name(site.role);
      if (calls) inner.size({site.id, site.output, name, Axis::call}, at(one.call), one.size);
      if (passes) inner.size({site.id, site.output, name, Axis::pass}, at(one.pass), one.size);
    }
  }
  records_ = nullptr;
}

}  // namespace plumb
