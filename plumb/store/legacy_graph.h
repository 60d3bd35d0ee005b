// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plumb/record/run.h"

/// The graph that the paths of a file of schema 1 or 2 stand for. Nothing else in plumb reads
/// anything out of a path. Private to store/.
namespace plumb::store {

/// A layer as those files have it: the layers of a chain follow each other, those within a block
/// ("5.0" is in "5") before the block itself, which stands for the sum at its end.
struct LegacyLayer {
  std::string path, kind;
  LayerFamily family = LayerFamily::other;
  std::string text;
  std::string parent;  ///< path of the block it is in, empty on the main chain
  int depth = 0;
  std::int64_t units = 0, fan_in = 0, fan_out = 0;
  double max_derivative = 1;
};

struct LegacySite {
  std::string path;
  Role role = Role::z;
  std::string param;  ///< of a role of a parameter: "weight"
};

/// The two or three gradients that met at the x of a block.
struct LegacyJoin {
  std::string path;  ///< of the block
  double log2_rms_branch = 0, log2_rms_shortcut = 0, cosine = 0;
  std::optional<double> log2_rms_gate;  ///< of a highway
};

class LegacyGraph {
 public:
  /// Fills layers, blocks, params and outputs. The input comes first, then the layers in their
  /// order.
  /// A block's layer is in its branch if its name after "PARENT." begins with a digit, "gate" is
  /// the gate, and any other is on the shortcut.
  LegacyGraph(const std::vector<LegacyLayer>& layers, const std::vector<LegacySite>& sites,
              RunInfo& info);

  std::optional<LayerId> layer(std::string_view path) const;
  std::optional<Site> site(const LegacySite& site) const;
  std::optional<ParamId> weight(std::string_view path) const;  ///< the parameter "weight"

  /// The joins of one step, one for each tensor that is read more than once. Where a branch begins
  /// with a block, both blocks read the same x: then there is one of each block's own ways too.
  ///
  ///   share_b = (b^2 + b s cos) / (b^2 + 2 b s cos + s^2)   of the branch; the shortcut's likewise
  ///
  /// With a gate t, <t, g> follows from |g - t|, which is the size of the other two together, and
  /// from |g|, the sketch of x's gradient or, of an inner block, the size of the outer one's
  /// branch; what is left is split as if t stood to both alike. Not known (NaN) are the shares that
  /// an inner block's ways have in all that meets at x, and those of a gate without |g|.
  std::vector<JoinRecord> joins(const std::vector<LegacyJoin>& old, const StepRecord& step) const;

 private:
  struct Block {
    LayerId sum = kNoLayer, x = kNoLayer, branch_reader = kNoLayer, shortcut_reader = kNoLayer,
            gate = kNoLayer;
    const Block* inner = nullptr;  ///< with which the branch begins
    const Block* outer = nullptr;  ///< whose branch begins with this one
  };
  struct OwnWays {
    double log2_rms = 0;  ///< of their sum
    std::vector<JoinWay> ways;
  };
  LayerId build_chain(const std::string& parent, LayerId from, BlockId block, RunInfo& info);
  bool begin_layer(LayerId id);
  void build_block(LayerId sum, LayerId from, BlockId parent, RunInfo& info);
  void add_params(const std::vector<LegacySite>& sites, RunInfo& info);
  OwnWays own_ways(const Block& block, const LegacyJoin& join, const LegacyJoin* outer,
                   const StepRecord& step) const;

  std::vector<std::string> paths_;  ///< by layer, for the names within a block
  std::unordered_map<std::string, LayerId> ids_;
  std::unordered_map<std::string, ParamId> params_;
  std::unordered_map<std::string, std::vector<LayerId>> children_;  ///< by the path of the parent
  std::unordered_map<LayerId, Block> blocks_;                       ///< by the sum
  std::vector<Role> grad_roles_;                                    ///< by layer
  std::vector<bool> begun_;                                         ///< by layer
  int nesting_ = 0;
};

}  // namespace plumb::store
