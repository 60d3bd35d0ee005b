// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plumb/store/record_columns.h"

/// A step as columns: what waits in the writer's queue, and what the reader makes a step of.
/// Private to store/.
namespace plumb::store {

/// Who is measured by the records of one kind. Steps repeat it, so it is stored once.
struct Layout {
  std::int64_t id = 0;
  RecordKind kind = RecordKind::sketches;
  Columns keys;
};

struct PackedStep {
  StepRecord metrics;  ///< without any record
  struct Part {
    std::int64_t layout = -1;  ///< none: the step has no record of the kind
    Columns values;
  };
  std::array<Part, kRecordKinds> parts;
  Columns histograms;  ///< of the sketches, with their format losses
  std::vector<std::pair<std::int32_t, std::string>> new_names;
  std::vector<Layout> new_layouts;
  std::int64_t oldest_layout = 0;  ///< this step and those after it refer to none before

  std::int64_t size_bytes() const;  ///< of memory, nearly
};

/// Packs the steps of one run; numbers names and layouts as they appear.
class StepPacker {
 public:
  /// The columns of one step. Errors: StoreError if a kind has more than
  /// ColumnSource::kMostRecords.
  PackedStep pack(const StepRecord& step);
  /// Of the last step that had sketches.
  const std::vector<Site>& last_sites() const { return last_sites_; }

 private:
  class Names;
  std::int64_t oldest_layout() const;
  std::int64_t layout_id(RecordKind kind, const Columns& keys, PackedStep& packed);
  template <class Records>
  void pack_part(RecordKind kind, const Records& records, PackedStep& packed);
  void pack_sketches(const std::vector<SketchRecord>& sketches, PackedStep& packed);

  std::unordered_map<std::string, std::int32_t> names_;
  std::unordered_map<std::string, std::int64_t> layouts_;
  std::int64_t next_layout_ = 0;
  std::int64_t oldest_known_ = 0;  // of layouts_
  std::vector<Site> last_sites_;   // of last_site_layout_: steps repeat their order of sites
  std::int64_t last_site_layout_ = -1;
};

/// A layout as the reader keeps it.
struct KnownLayout {
  RecordKind kind = RecordKind::sketches;
  Columns keys;
  std::vector<Site> sites;  ///< of sketches
};

/// These return what is wrong, empty if nothing is. `names` are by number.
std::string unpack_sites(const std::vector<std::string>& names, KnownLayout& layout);
/// The sketches without histograms and format losses, which are left empty.
std::string unpack_sketches(const KnownLayout& layout, const Columns& values,
                            std::vector<SketchRecord>& sketches);
std::string unpack_histograms(const Columns& columns, std::vector<SketchRecord>& sketches);
std::string unpack_part(const KnownLayout& layout, const Columns& values,
                        const std::vector<std::string>& names, StepRecord& step);

}  // namespace plumb::store
