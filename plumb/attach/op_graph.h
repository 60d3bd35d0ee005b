// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "plumb/attach/axis_layout.h"
#include "plumb/attach/op_table.h"
#include "plumb/attach/session.h"

namespace plumb {

/// A node of an autograd graph; it stays alive until OpGraph::forget().
using AutogradNode = const void*;

/// What is asked of a framework's autograd graph.
class AutogradReader {
 public:
  virtual ~AutogradReader() = default;
  /// The nodes that `node` hands gradients on to, one for each of its inputs; null where the input
  /// needs none.
  virtual std::vector<AutogradNode> edges(AutogradNode node) const = 0;
  /// The path of the parameter whose gradient it accumulates; empty of any other node.
  virtual std::string parameter(AutogradNode node) const = 0;
};

/// A module of the watched model.
struct ModuleFacts {
  std::string path;             ///< "encoder.0"; empty: the model itself
  std::string kind;             ///< "Linear"
  std::string text;             ///< as its owner writes it
  bool is_sequential = false;   ///< computes its children in their order
  bool has_parameters = false;  ///< itself or a child of it
};

/// A parameter of the watched model.
struct ParamFacts {
  std::string path;
  std::vector<std::int64_t> sizes;
  bool frozen = false;
};

/// One operation of a forward pass, as it ended: the outermost ones alone, those whose result needs
/// a gradient.
struct OpEvent {
  std::string name;                         ///< as OpKind
  AutogradNode node = nullptr;              ///< of its result
  std::vector<AutogradNode> further_nodes;  ///< of its other results
  bool transposed = false;                  ///< of a convolution
  /// Of a normalisation that keeps running statistics.
  std::optional<double> running_momentum;
  bool batch_first = true;          ///< of a recurrent layer
  std::string function;             ///< of an activation, as activation_from_text takes it
  std::vector<std::int64_t> sizes;  ///< of its result
  std::int64_t read_count = 0;      ///< values of the first tensor that it reads
  std::vector<std::string> params;  ///< that it reads directly and that need no gradient
  const void* data =
      nullptr;  ///< where the first tensor lies that is neither of these, nor computed
  std::vector<std::int64_t> data_sizes;
};

/// The graph of layers of a model whose framework shows its operations one by one: found out in one
/// forward pass, and told to a Session.
///
/// What a layer is follows from op_table: a sum, say, becomes one where a layer or the loss reads
/// it. A sum is a residual if one addend goes around what the other goes through. A product of
/// queries and keys, its softmax and its product with the values are one attention. A layer has the
/// path of the module that owns its parameters; one without parameters that of the next module of a
/// Sequential, or the place where it stands and what it is. Nothing is guessed: an operation that
/// is not known is of the family "other".
///
/// Threads Use one object from one thread. Errors: UsageError as Session.
class OpGraph {
 public:
  using OpId = std::int32_t;
  static constexpr OpId kNone = -1;

  struct Op {
    OpKind kind;
    LayerFamily family = LayerFamily::other;
    std::string name, function, path;
    std::vector<OpId> inputs;
    std::vector<std::string> params;
    AutogradNode node = nullptr;
    AxisLayout layout = AxisLayout::rows;
    int depth = 0;
    LayerId layer = kNoLayer;
    std::int64_t units = 0, fan_in = 0, fan_out = 0;
    bool transposed = false;
    std::optional<double> running_momentum;
    const void* data = nullptr;   ///< of an input: where it lies
    std::int64_t data_count = 0;  ///< and how many values it has
  };
  /// A gradient that comes back to a layer's output which is read more than once: node, found from
  /// the event's by following the edges of `inside`, hands it to its input of number `edge`.
  struct Way {
    std::size_t event = 0;
    std::vector<std::size_t> inside;
    std::size_t edge = 0;
    LayerId layer = kNoLayer, reader = kNoLayer;
    std::int32_t input = 0;
  };

  OpGraph(Session& session, const AutogradReader& reader, std::vector<ModuleFacts> modules,
          std::vector<ParamFacts> params);

  /// A pass is learned from its beginning. Layers that an earlier one had keep their numbers.
  void begin();
  /// The next operation. Returns the Ops that have become layers by it, itself among them; of
  /// inputs too.
  std::vector<OpId> add(const OpEvent& event);
  /// The pass is over: `root` is the node of what backward() is called on. As add(): what has
  /// become a layer.
  std::vector<OpId> finish(AutogradNode root);
  /// Nothing of autograd's is held any more.
  void forget();

  const Op& op(OpId id) const { return ops_[static_cast<std::size_t>(id)]; }
  /// The Op that the event of that number in the pass made; kNone of plumbing.
  OpId made_by(std::size_t event) const { return made_[event]; }
  std::size_t size() const { return ops_.size(); }
  const std::vector<Way>& ways() const { return ways_; }
  /// The id of the parameter at that place of params(); kNoParam before the first finish().
  ParamId param_at(std::size_t place) const { return param_ids_[place]; }
  const std::vector<ParamFacts>& params() const { return params_; }
  /// Parameters without a user, frozen, shared or without a gradient, in words.
  std::vector<std::string> notes() const;

 private:
  struct Source {
    std::vector<OpId> ops;
    std::vector<std::string> params;
  };
  struct Owned {
    std::size_t event = 0;
    std::vector<std::size_t> inside;
    OpId op = kNone;  ///< kNone: plumbing
  };

  Source read(AutogradNode node, std::size_t event);
  OpId make(Op op);
  OpId input_of(const OpEvent& event);
  Op understand(const OpEvent& event, Source& source);
  std::optional<Op> attention(const OpEvent& event, const std::vector<OpId>& data);
  std::vector<OpId> residual_ways(OpId a, OpId b) const;
  std::set<OpId> ancestors(OpId id) const;
  AxisLayout layout_of(const Op& op, const OpEvent& event) const;
  void set_sizes(Op& op, const OpEvent& event) const;
  bool is_part(OpId id) const;

  void name(OpId id, std::vector<OpId>& named);
  std::string path_of(const Op& op) const;
  const ModuleFacts* module(const std::string& path) const;
  const ModuleFacts* next_in_sequential(const Op& op) const;
  BlockId block_of(const std::string& path);
  void declare_params();
  void find_ways(AutogradNode root);

  Session& session_;
  const AutogradReader& reader_;
  std::vector<ModuleFacts> modules_;
  std::vector<ParamFacts> params_;
  std::map<std::string, std::size_t> module_at_, param_at_;
  std::vector<ParamId> param_ids_;
  std::vector<std::vector<LayerId>> users_;  ///< by parameter
  std::set<std::string> reached_;            ///< parameters that a gradient came to
  std::map<std::string, LayerId> layer_at_;  ///< of all passes
  std::map<std::string, BlockId> blocks_;

  std::vector<Op> ops_;  ///< of this pass
  std::vector<OpId> made_;
  std::unordered_map<AutogradNode, OpId> of_node_;  ///< whose output it is
  std::unordered_map<AutogradNode, std::vector<std::string>> of_params_;
  std::unordered_map<AutogradNode, Owned> owner_;
  std::vector<AutogradNode> visited_;  ///< by the last read()
  std::map<std::string, int> taken_;
  std::vector<Way> ways_;
};

}  // namespace plumb
