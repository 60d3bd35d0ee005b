// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plumb/observe/observed_view.h"
#include "plumb/record/step_record.h"

namespace plumb {

/// One of the gradients that meet at a tensor which is read more than once.
struct JoinGradient {
  LayerId reader = kNoLayer;
  std::int32_t input = 0;  ///< as which of its inputs
  ObservedView gradient;
};

/// What a reader sent back, where the products were taken elsewhere: <g_i, g_i> and <g_i, g> with
/// the sum g of all, of stored values that stand for themselves times 2^log2_scale.
struct JoinProducts {
  LayerId reader = kNoLayer;
  std::int32_t input = 0;
  double count = 0, squares = 0, product = 0;
  double log2_scale = 0;
};

/// Judges what each reader of a tensor sends back to it.
///
///   share_i = <g_i, g> / <g, g>,   g = g_1 + g_2 + ...
///
/// over all calls and passes of a step, and of all readers of the tensor or, with `through`, of the
/// ways through that block (JoinRecord::through). What comes after the first JoinRecord::kMostWays
/// readers is one way together. Sums are in double, of true values however far their scales lie
/// apart.
/// Threads Use one object from one thread. Allocates nothing once it has seen a step like the one
///         it is given.
class JoinRecorder {
 public:
  void begin();
  /// All ways of one call at once, of equal extents; those of one reader and input are one way.
  void add(LayerId layer, std::int32_t output, std::span<const JoinGradient> ways,
           LayerId through = kNoLayer);
  void add(LayerId layer, std::int32_t output, std::span<const JoinProducts> ways);
  /// One way, of which a copy is kept until close(): several of one reader and input are added up.
  void keep(LayerId layer, std::int32_t output, const JoinGradient& way,
            LayerId through = kNoLayer);
  /// All ways of this call came, those through blocks too.
  void close(LayerId layer, std::int32_t output);
  void close_all();
  void finish(std::vector<JoinRecord>& records);

 private:
  /// total * 2^exponent: products of true values may leave the range of double.
  struct ScaledSum {
    double total = 0;
    double exponent = 0;
    void add(double term, double term_exponent);
    double log2() const;
  };
  struct WaySum {
    LayerId reader = kNoLayer;
    std::int32_t input = 0;
    double count = 0;
    ScaledSum squares;  ///< <g_i, g_i>
    ScaledSum product;  ///< <g_i, g>
  };
  struct Join {
    LayerId layer = kNoLayer;
    std::int32_t output = 0;
    LayerId through = kNoLayer;
    std::vector<WaySum> ways;
  };
  struct Kept {
    LayerId layer = kNoLayer;
    std::int32_t output = 0, input = 0;
    LayerId reader = kNoLayer, through = kNoLayer;
    double log2_scale = 0;
    bool is_double = false;
    std::vector<float> floats;
    std::vector<double> doubles;
  };

  Join& find(LayerId layer, std::int32_t output, LayerId through);
  void close(LayerId layer, std::int32_t output, LayerId through);
  static double log2_rms_of_sum(std::span<const WaySum> ways, const ScaledSum& squares);
  static std::size_t way_of(Join& join, LayerId reader, std::int32_t input);
  static std::size_t way_of(Join& join, const JoinGradient& gradient) {
    return way_of(join, gradient.reader, gradient.input);
  }
  void add_dense(Join& join, std::span<const JoinGradient> ways);
  void add_any(Join& join, std::span<const JoinGradient> ways);

  std::vector<Join> joins_;
  std::size_t used_ = 0;
  std::vector<Kept> kept_;
  std::size_t kept_used_ = 0;
  std::vector<JoinGradient> closing_;
  std::vector<KeptReader> readers_;
  std::vector<double> scratch_;
};

}  // namespace plumb
